"""Says the wrong thing of the API it was written for, or nothing."""

from doctorflan_ls.hookspecs import hookimpl


class Missing:
    @staticmethod
    @hookimpl
    def record_event():
        """Is never called."""


class Newer(Missing):
    DOCTORFLAN_API = 99


class Text(Missing):
    DOCTORFLAN_API = "1"


class Truth(Missing):
    DOCTORFLAN_API = True


class Anything:
    def __ne__(self, other):
        raise RuntimeError

    __hash__ = None


class Furious(Missing):
    DOCTORFLAN_API = Anything()
