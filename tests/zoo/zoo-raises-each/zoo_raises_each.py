"""Raises in each hook, with the words of the note where it has them."""

from doctorflan_ls.hookspecs import hookimpl


class RegisterTasks:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_tasks(register):
        raise ValueError("register_tasks")


class RegisterModels:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_models(register):
        raise ValueError("register_models")


class RegisterSections:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_sections(register):
        raise ValueError("register_sections")


class RegisterChecks:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_checks(register):
        raise ValueError("register_checks")


class RegisterTerms:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_terms(register):
        raise ValueError("register_terms")


class RegisterCommands:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_commands(cli):
        raise ValueError("register_commands")


class DraftContext:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def draft_context(note):
        raise ValueError(str(note.text))


class AmendPrompt:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def amend_prompt(note):
        raise ValueError(str(note.text))


class CheckDraft:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def check_draft(draft):
        raise ValueError(draft.text)


class RecordEvent:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def record_event(event):
        raise ValueError(str(event.to_json()))


class Check:
    DOCTORFLAN_API = 1

    @staticmethod
    @hookimpl
    def register_checks(register):
        from doctorflan_ls.checks.model import Rule  # noqa: PLC0415
        from doctorflan_ls.checks.scope import Check as Registered  # noqa: PLC0415
        from doctorflan_ls.tasks.model import Bilingual  # noqa: PLC0415

        def find(scope):
            raise ValueError(str(scope.note.text))

        both = Bilingual("动物园", "zoo")
        register(Registered("raises", (Rule("raises", "warning", both, both),), find))
