"""What all connections of one process share, and what ends the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doctorflan_ls.server.jsonrpc import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from doctorflan_ls.engine import Engine, ModelStatus
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.models.base import Model, ModelOptions


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
        self._on_parent = on_parent
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The one engine, made when it is first needed."""
        if self._engine is None:
            from doctorflan_ls.engine import Engine  # noqa: PLC0415  # not before the first job

            load = self.options.load_model
            self._engine = Engine() if load is None else Engine(load)
        return self._engine

    def watch(self, process_id: int | None) -> None:
        """End the process when the client's process, which may be killed, is gone."""
        if process_id is not None:
            self._on_parent(process_id)

    def model_status(self) -> tuple[ModelStatus, ...]:
        """The models that were asked for so far; none where the engine was never needed."""
        return self._engine.status() if self._engine is not None else ()

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
        """Stop every job."""
        if self._engine is not None:
            self._engine.close()
