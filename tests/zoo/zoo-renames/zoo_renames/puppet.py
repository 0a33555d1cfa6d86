"""Puts something else in its place."""

import sys


class Puppet:
    def __getattr__(self, name):
        raise RuntimeError(name)

    def __dir__(self):
        return ["draft_context"]

    @property
    def __class__(self):
        raise RuntimeError


sys.modules[__name__] = Puppet()
