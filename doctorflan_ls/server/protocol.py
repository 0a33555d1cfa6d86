"""pygls' protocol with its message handling repaired.

pygls 2.1 leaves malformed requests unanswered, sends tracebacks (and so note text) to the client,
logs message bodies, lets a late answer kill the reader and runs commands to their end after a
cancel. Here every request is answered exactly once, a cancelled one at once, and nothing of a
message reaches a log.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from concurrent.futures import Future
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol

from doctorflan_ls.server import backlog, jsonrpc
from doctorflan_ls.server.jsonrpc import (
    Malformed,
    Message,
    MessageId,
    Notification,
    Request,
    Response,
)
from doctorflan_ls.server.params import Params

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from cattrs import Converter

    from doctorflan_ls.server.backlog import Sink
    from doctorflan_ls.server.connection import Connection

_log = logging.getLogger(__name__)
Phase = Literal["new", "running", "shutdown", "exited"]

# What a request gets that the phase does not allow (LSP 3.17, "Server lifecycle").
_OUT_OF_PHASE: dict[Phase, tuple[int, str]] = {
    "new": (jsonrpc.SERVER_NOT_INITIALIZED, "initialize must be the first request"),
    "running": (jsonrpc.INVALID_REQUEST, "initialize was sent before"),
    "shutdown": (jsonrpc.INVALID_REQUEST, "the server was shut down"),
    "exited": (jsonrpc.INVALID_REQUEST, "the server has exited"),
}


class ClientRefused(Exception):
    """The client answered a request of ours with an error."""


class RepairedProtocol(LanguageServerProtocol):
    """One connection's messages: in order, answered once, isolated from each other."""

    _server: Connection

    def __init__(self, server: Connection, converter: Converter) -> None:
        super().__init__(server, converter)
        self.phase: Phase = "new"
        self.sink: Sink | None = None
        # The methods that may come without an id.
        self.notifications: Collection[str] = ()
        self.inbox = backlog.Inbox()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        # Requests being answered; apart from our own, or a stray response could end a handler.
        self._inflight: dict[MessageId, asyncio.Task[None] | None] = {}
        self._cancelled_early: set[MessageId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._outgoing: dict[MessageId, Future[Any]] = {}
        self._ids = count(1)

    def _register_builtin_features(self) -> None:
        """Leave pygls' own document handling out: the handlers of ``requests`` take its place."""

    def receive(self, message: Message, size: int = 0) -> None:
        """Queue a message of ``size`` bytes; a cancellation overtakes what waits before it."""
        if isinstance(message, Notification) and message.method == "$/cancelRequest":
            self._on_cancel(message.params)
            return
        self.inbox.put(message, size)
        self._wake.set()

    def end_of_input(self) -> None:
        """Say that nothing more will arrive."""
        self._ended.set()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Messages received and not yet handled."""
        return len(self.inbox)

    @property
    def behind(self) -> bool:
        """True where the client has much to read: what can be told later would only add to it."""
        return self.sink is not None and self.sink.unread > backlog.BEHIND_BYTES

    async def run(self) -> None:
        """Handle messages in order until ``exit`` or the end of the input."""
        while self.phase != "exited":
            if not self.inbox:
                if self._ended.is_set():
                    break
                self._wake.clear()
                await self._wake.wait()
                continue
            self._handle(self.inbox.take())
            if self.sink is not None and self.sink.unread > backlog.MOST_UNREAD_BYTES:
                await self._read_by_client(self.sink)
            # Lets a cancellation that has arrived by now overtake the next message.
            await asyncio.sleep(0)

    async def _read_by_client(self, sink: Sink) -> None:
        """Wait for a client that is far behind, unless nothing more comes from it."""
        drained = asyncio.ensure_future(sink.drain())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((drained, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
            ended.cancel()

    async def close(self) -> None:
        """Stop all that runs for this connection; nothing is sent from here on."""
        self.sink = None
        self.inbox.clear()
        self._inflight.clear()
        for task in self._tasks:
            task.cancel()
        for future in self._outgoing.values():
            future.cancel()
        self._outgoing.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=0.5)

    def cancel_all(self) -> None:
        """Answer every running request as cancelled and stop its work."""
        for message_id in list(self._inflight):
            if self._inflight[message_id] is not None:
                self._cancel(message_id)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` for this connection, beside its requests; it ends with the connection."""
        self._start(work)

    def notify(self, method: str, params: Any | None = None) -> None:  # noqa: ANN401
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def send_request(
        self,
        method: str,
        params: Any | None = None,  # noqa: ANN401
        callback: Callable[[Any], None] | None = None,
        msg_id: MessageId | None = None,
    ) -> Future[Any]:
        """Ask the client; the future fails with ClientRefused where it answers with an error."""
        request_id = f"s{next(self._ids)}" if msg_id is None else msg_id
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(lambda done: done.cancelled() or callback(done.result()))
        self._outgoing[request_id] = future
        if len(self._outgoing) > backlog.MOST_ASKED:
            self._outgoing.pop(next(iter(self._outgoing))).cancel()
        self._send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
        return future

    def _send(self, message: dict[str, Any]) -> None:
        if self.sink is not None:
            self._write(jsonrpc.encode(message))

    def _write(self, body: bytes) -> None:
        if self.sink is None:
            return
        if self.sink.unread > backlog.GIVE_UP_BYTES:
            _log.warning("a client that does not read was left")
            self.sink.give_up()
            self.sink = None
            self.inbox.clear()
            self.end_of_input()
            return
        self.sink.write(body)

    def _handle(self, message: Message) -> None:
        match message:
            case Request():
                self._on_request(message)
            case Notification():
                self._on_notification(message)
            case Response():
                self._on_response(message)
            case Malformed():
                self._send_error(message.id, message.code, message.message)

    def _on_request(self, request: Request) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            self._send_error(request.id, *refusal)
            return
        handler = self.fm.features[request.method]
        if inspect.iscoroutinefunction(handler):
            if len(self._inflight) >= backlog.MOST_RUNNING:
                text = self._server.say("server.too-many-running")
                self._send_error(request.id, jsonrpc.REQUEST_FAILED, text)
                return
            self._inflight[request.id] = self._start(self._answer_later(request, handler))
            return
        self._inflight[request.id] = None
        try:
            result = handler(Params(request.params or {}))
        # The edge of the server: one request's failure is that request's answer.
        except Exception as error:  # noqa: BLE001
            self._answer_error(request.id, error)
        else:
            self._answer(request.id, result)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if request.id in self._cancelled_early:
            self._cancelled_early.discard(request.id)
            return jsonrpc.REQUEST_CANCELLED, "cancelled"
        if request.id in self._inflight:
            return jsonrpc.INVALID_REQUEST, "a request with this id is still running"
        if self.phase != ("new" if request.method == "initialize" else "running"):
            return _OUT_OF_PHASE[self.phase]
        if request.method not in self.fm.features:
            return jsonrpc.METHOD_NOT_FOUND, "the server does not know this method"
        return None

    async def _answer_later(self, request: Request, handler: Callable[[Params], Any]) -> None:
        try:
            result = await handler(Params(request.params or {}))
        except asyncio.CancelledError:
            self._answer_cancelled(request.id)
            raise
        except Exception as error:  # noqa: BLE001
            self._answer_error(request.id, error)
        else:
            self._answer(request.id, result)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_notification(self, notification: Notification) -> None:
        if notification.method == "exit":
            self.phase = "exited" if self.phase == "shutdown" else self.phase
            self._ended.set()
            self.inbox.clear()
            self._cancelled_early.clear()
            return
        # Nobody would be given the answer of a request that came without an id.
        if notification.method not in self.notifications or self.phase != "running":
            return
        try:
            self.fm.features[notification.method](Params(notification.params or {}))
        except Exception as error:  # noqa: BLE001
            self._report_notification(notification.method, error)

    def _on_response(self, response: Response) -> None:
        future = self._outgoing.pop(response.id, None)
        # Whoever asked may have been cancelled meanwhile (pygls#621).
        if future is None or not future.set_running_or_notify_cancel():
            return
        if response.error is not None:
            future.set_exception(ClientRefused())
        else:
            future.set_result(response.result)

    def _on_cancel(self, params: object) -> None:
        message_id = params.get("id") if isinstance(params, dict) else None
        if not jsonrpc.is_id(message_id):
            return
        if self._inflight.get(message_id) is not None:
            self._cancel(message_id)
        elif self.inbox.asks(message_id):
            self._cancelled_early.add(message_id)

    def _cancel(self, message_id: MessageId) -> None:
        task = self._inflight[message_id]
        self._answer_cancelled(message_id)
        if task is not None:
            task.cancel()

    def _answer(self, message_id: MessageId, result: object) -> None:
        if message_id not in self._inflight:
            return
        try:
            if isinstance(result, jsonrpc.Raw):
                body = jsonrpc.encode_raw_result(message_id, result)
            else:
                body = jsonrpc.encode({"jsonrpc": "2.0", "id": message_id, "result": result})
        except RecursionError:
            # Some results hold what the client sent, which was read with a little more stack left.
            self._answer_error(message_id, JsonRpcInvalidParams("params are nested too deep"))
            return
        del self._inflight[message_id]
        self._write(body)

    def _answer_cancelled(self, message_id: MessageId) -> None:
        if message_id in self._inflight:
            del self._inflight[message_id]
            self._send_error(message_id, jsonrpc.REQUEST_CANCELLED, "cancelled")

    def _answer_error(self, message_id: MessageId, error: Exception) -> None:
        if message_id in self._inflight:
            del self._inflight[message_id]
            self._send_error(message_id, *self._server.describe(error))

    def _send_error(self, message_id: MessageId | None, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self._send({"jsonrpc": "2.0", "id": message_id, "error": error})

    def _report_notification(self, method: str, error: Exception) -> None:
        _code, message = self._server.describe(error)
        self._server.log_to_client(f"{method}: {message}")
