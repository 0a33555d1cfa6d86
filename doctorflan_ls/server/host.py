"""What all connections of one process share, and what ends the process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakSet

from doctorflan_ls.server.backlog import Load
from doctorflan_ls.server.jsonrpc import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from concurrent.futures import Future

    from doctorflan_ls.audit import Event
    from doctorflan_ls.audit.places import AuditFailed
    from doctorflan_ls.dismissals import Dismissals
    from doctorflan_ls.engine import Engine, ModelStatus
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.models.base import Model, ModelOptions
    from doctorflan_ls.plugins import Plugins, Registry, Selection
    from doctorflan_ls.server.auditing import Recorder
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.dismissing import Stores
    from doctorflan_ls.server.seats import Seats


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve. ``load_model`` turns a model's id into a model (None: the catalogue's).

    ``allow_remote`` lets TCP and WebSocket listen on addresses that other machines can reach.
    ``overrides`` are settings of the command line, by dotted key: the last layer.
    ``locale`` is the language of what is said on the terminal, before any client speaks.
    """

    load_model: Callable[[str, ModelOptions], Model] | None = None
    max_message_bytes: int = MAX_MESSAGE_BYTES
    allow_remote: bool = False
    overrides: Mapping[str, str] = field(default_factory=dict)
    locale: Locale = "en"


class Host:
    """The process around the connections.

    ``shared`` is true where clients come over a socket: none of them is the process's own user.
    """

    def __init__(
        self, options: ServerOptions, on_parent: Callable[[int], None], *, shared: bool = False
    ) -> None:
        self.options = options
        self.shared = shared
        self.connections: WeakSet[Connection] = WeakSet()
        self.load = Load()
        self._on_parent = on_parent
        self._engine: Engine | None = None
        self._plugins: Plugins | None = None
        self._adopted: Registry | None = None
        self._recorder: Recorder | None = None

    @property
    def engine(self) -> Engine:
        """The one engine, made when it is first needed."""
        if self._engine is None:
            from doctorflan_ls.engine import Engine  # noqa: PLC0415  # not before the first job

            self._engine = Engine(self.options.load_model or self._load_model)
        return self._engine

    @cached_property
    def seats(self) -> Seats:
        """The places for clients that come over a socket."""
        from doctorflan_ls.server.seats import seats  # noqa: PLC0415  # starts faster

        return seats()

    def dismissals(self, connection: Connection) -> Dismissals:
        """What the user of ``connection`` put aside."""
        return self._dismissing.of(connection)

    @cached_property
    def _dismissing(self) -> Stores:
        from doctorflan_ls.server.dismissing import Stores  # noqa: PLC0415  # starts faster

        return Stores()

    def plugins(self, selection: Selection) -> Plugins:
        """The plugins of the process; the first ``selection`` that is asked for stands."""
        if self._plugins is None:
            from doctorflan_ls.plugins import Plugins  # noqa: PLC0415  # not before the first use

            self._plugins = Plugins(selection)
        return self._plugins

    @property
    def chosen_plugins(self) -> Plugins | None:
        """The plugins of the process; None while it is not settled which are allowed."""
        return self._plugins

    @property
    def registry(self) -> Registry:
        """What every connection has now: what is built in until the plugins are adopted."""
        if self._adopted is not None:
            return self._adopted
        from doctorflan_ls.plugins import builtin_registry  # noqa: PLC0415  # starts faster

        return builtin_registry()

    @property
    def registry_is_whole(self) -> bool:
        """True once the plugins are in it."""
        return self._adopted is not None

    def adopt_plugins(self) -> None:
        """Take the loaded plugins into use, on the event loop and for all connections at once.

        Where they change how a note is read, what is open is read again.
        """
        if self._plugins is None or self._plugins.reading is None or self._adopted is not None:
            return
        from doctorflan_ls.notes.brought import publish  # noqa: PLC0415  # starts faster

        before = self.registry
        self._adopted = self._plugins.registry
        otherwise_read = publish(self._plugins.reading)
        for connection in self.connections:
            if otherwise_read:
                connection.documents.read_again()
            if otherwise_read or self._adopted.checks != before.checks:
                connection.publisher.refresh()

    def audited(self, event: Event, path: str, user: str) -> Future[None]:
        """Write ``event`` to the trail at ``path``, beside the event loop."""
        if self._recorder is None:
            import asyncio  # noqa: PLC0415  # starts faster
            from functools import partial  # noqa: PLC0415

            from doctorflan_ls.server.auditing import Recorder  # noqa: PLC0415

            loop = asyncio.get_running_loop()

            def on_trouble(failure: AuditFailed | None, unwritten: int) -> None:
                # The loop may be closed by now.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(partial(self._tell_of_audit, failure, unwritten))

            self._recorder = Recorder(on_trouble)
        return self._recorder.record(event, path, user)

    def _tell_of_audit(self, failure: AuditFailed | None, unwritten: int) -> None:
        for connection in self.connections:
            if failure is None:
                connection.tell_again("audit")
                continue
            reason = failure.user_message(connection.locale)
            text = connection.say("audit.waiting", reason=reason, count=unwritten)
            connection.tell_once("warning", "audit", text)

    def _load_model(self, model: str, options: ModelOptions) -> Model:
        from doctorflan_ls.models.catalogue import load_model  # noqa: PLC0415

        return load_model(model, options, self._all_registered)

    def _all_registered(self) -> Registry:
        """Everything, waited for; on a model's own thread."""
        from doctorflan_ls.plugins import builtin_registry  # noqa: PLC0415

        return self._plugins.load() if self._plugins is not None else builtin_registry()

    def watch(self, process_id: int | None) -> None:
        """End the process when the client's process, which may be killed, is gone."""
        if process_id is not None:
            self._on_parent(process_id)

    def model_status(self) -> tuple[ModelStatus, ...]:
        """The models that were asked for so far; none where the engine was never needed."""
        return self._engine.status() if self._engine is not None else ()

    def left(self, connection: Connection) -> None:
        """Forget a client that is gone, and where it was the last, all that it left in memory.

        Notes hold what was read of them and the reverse: only a full collection finds those, which
        is rare (``quiet.spare_pauses``) and would pause the others.
        """
        self.connections.discard(connection)
        if self.shared and not self.connections:
            gc.collect()

    def stop(self, job_keys: Iterable[str]) -> None:
        """Stop jobs of a connection."""
        if self._engine is not None:
            for key in job_keys:
                self._engine.cancel(key)

    def forget(self, uri: str) -> None:
        """Drop answers about a note that was closed."""
        if self._engine is not None:
            self._engine.forget(uri)

    def close(self) -> None:
        """Stop every job and write what is still to be recorded."""
        if self._engine is not None:
            self._engine.close()
        if self._recorder is not None:
            self._recorder.close()
