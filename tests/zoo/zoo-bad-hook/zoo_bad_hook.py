"""Hooks that are none."""

from doctorflan_ls.hookspecs import hookimpl


class Arguments:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_models(registry):
        """Takes what the hook does not give."""


class Wrapper:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl(wrapper=True)
    def draft_context():
        return (yield)


class OldWrapper:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl(hookwrapper=True)
    def draft_context():
        yield


class Unknown:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_holograms(register):
        """Is a hook of another version."""


class Nothing:
    DOCTORFLAN_API = 1

    @staticmethod
    def draft_context():
        """Is not marked."""
