"""What every answer needs: settings, plugins, the engine, a place to record what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from doctorflan_cds_hooks import record_event
from doctorflan_cds_hooks.issued import Issued
from doctorflan_ls.audit import Event
from doctorflan_ls.checks.model import Finding
from doctorflan_ls.checks.run import check
from doctorflan_ls.engine import Engine
from doctorflan_ls.i18n import Locale
from doctorflan_ls.incidents import report
from doctorflan_ls.models.catalogue import load_model
from doctorflan_ls.notes.note import Note
from doctorflan_ls.plugins import Plugins, no_plugins
from doctorflan_ls.plugins.hooks import findings
from doctorflan_ls.rulebook import check_options
from doctorflan_ls.settings import Settings

Recorder = Callable[[Event], None]

DEADLINE = 6.0
"""Seconds for all drafts of one call: clients give up after about ten."""

# Who signed stands in the resource (DocumentReference.authenticator), not in its text.
_IN_THE_RESOURCE = frozenset({"ZC-02"})


@dataclass(frozen=True)
class Backend:
    """Shared by all calls. ``locale`` is spoken to clients that ask for no language.

    ``record`` may raise OSError. Close it when it is not needed any more.
    """

    settings: Settings = field(default_factory=Settings)
    plugins: Plugins = field(default_factory=no_plugins)
    record: Recorder = record_event
    locale: Locale = "en"
    deadline: float = DEADLINE
    issued: Issued = field(default_factory=Issued)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        engine = Engine(lambda model, options: load_model(model, options, self.plugins.load))
        object.__setattr__(self, "engine", engine)

    def findings(self, note: Note) -> tuple[Finding, ...]:
        """What the server's checks and the plugins' find in ``note``."""
        options = check_options(self.settings)
        options = replace(options, disabled=options.disabled | _IN_THE_RESOURCE)
        brought = findings(self.plugins, note, options)
        return check(note, options, brought=brought)

    def note(self, event: Event) -> None:
        """Record ``event`` where that can be done: a full disk keeps no draft from a doctor."""
        try:
            self.record(event)
        except Exception as error:  # noqa: BLE001  (a recorder is somebody else's code)
            report(error)

    def close(self) -> None:
        """Stop the models."""
        self.engine.close()
