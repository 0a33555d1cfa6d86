"""Ends the process, wherever it is called."""

import sys

from doctorflan_ls.hookspecs import hookimpl


class RegisterTerms:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_terms():
        sys.exit("bye")


class DraftContext:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def draft_context():
        raise SystemExit(3)


class CheckDraft:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def check_draft():
        sys.exit()


class RegisterCommands:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_commands():
        sys.exit(0)
