"""Eats memory: keeps 32 MiB, asks for what there is not, fills the stack."""

from doctorflan_ls.hookspecs import hookimpl

MANY = 32 * 1024 * 1024
kept = b"z" * MANY


class Keeps:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def draft_context():
        global kept  # noqa: PLW0603
        kept = bytes(bytearray(kept))


class Asks:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def check_draft():
        return bytearray(1 << 60)


class Recursion:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def amend_prompt(prompt):
        return Recursion.amend_prompt(prompt)
