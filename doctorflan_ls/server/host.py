"""What all connections of one process share, and what ends the process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doctorflan_ls.server.jsonrpc import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from doctorflan_ls.engine import Engine, ModelStatus


def _new_engine() -> Engine:
    from doctorflan_ls.engine import Engine  # noqa: PLC0415  # not before the first job

    return Engine()


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve. ``new_engine`` makes the engine when the first job needs it.

    ``allow_remote`` lets TCP and WebSocket listen on addresses that other machines can reach.
    """

    new_engine: Callable[[], Engine] = _new_engine
    max_message_bytes: int = MAX_MESSAGE_BYTES
    allow_remote: bool = False


class Host:
    """The process around the connections."""

    def __init__(self, options: ServerOptions, on_parent: Callable[[int], None]) -> None:
        self.options = options
        self._on_parent = on_parent
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The one engine, made when it is first needed."""
        if self._engine is None:
            self._engine = self.options.new_engine()
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
