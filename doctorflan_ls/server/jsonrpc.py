"""JSON-RPC 2.0 on the wire: framing and decoding that survive any bytes.

Nothing here quotes a message: errors say what is wrong with its form, never what it holds.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard

MessageId = int | str

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
CONTENT_MODIFIED = -32801
REQUEST_FAILED = -32803

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_MAX_HEADER_BYTES = 8 * 1024
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,19})[ \t]*(?:\r?\n|$)", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
# Half a surrogate pair.
_LONE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """A message that must be answered exactly once."""

    id: MessageId
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that is never answered."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Response:
    """The client's answer to a request of ours; ``error`` is None where it succeeded."""

    id: MessageId
    result: Any
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no message: what to answer, to which request where that much was readable."""

    id: MessageId | None
    code: int
    message: str


Message = Request | Notification | Response | Malformed


def decode(body: bytes | str) -> Message:
    """Read one message; whatever is wrong with it comes back as ``Malformed``."""
    try:
        if not isinstance(body, str):
            body = body.decode(json.detect_encoding(body), "surrogatepass")
        data = _DECODER.decode(body)
    except (ValueError, RecursionError):
        return Malformed(None, PARSE_ERROR, "the message is not valid JSON")
    if not isinstance(data, dict):
        return Malformed(None, INVALID_REQUEST, "a message must be one JSON object (no batches)")
    return _message(data)


def _message(data: dict[str, Any]) -> Message:
    raw_id = data.get("id")
    message_id = raw_id if is_id(raw_id) else None
    if data.get("jsonrpc") != "2.0":
        return Malformed(message_id, INVALID_REQUEST, 'the field "jsonrpc" must be "2.0"')
    if "id" in data and message_id is None and "method" in data:
        return Malformed(None, INVALID_REQUEST, 'the field "id" must be an integer or a string')
    return _call(data, message_id) if "method" in data else _response(data, message_id)


def _response(data: dict[str, Any], message_id: MessageId | None) -> Message:
    if ("result" in data) == ("error" in data):
        return Malformed(message_id, INVALID_REQUEST, "neither a request nor a response")
    error = data.get("error")
    if message_id is None or not isinstance(error, dict | None):
        # An answer to nobody (such as our own parse errors' null id) needs no answer.
        return Notification("$/ignored", None)
    return Response(message_id, data.get("result"), error)


def _call(data: dict[str, Any], message_id: MessageId | None) -> Message:
    method = data["method"]
    if not isinstance(method, str):
        return Malformed(message_id, INVALID_REQUEST, 'the field "method" must be a string')
    params = data.get("params")
    if not isinstance(params, dict | list | None):
        if message_id is None:
            return Notification("$/ignored", None)
        return Malformed(message_id, INVALID_PARAMS, "params must be an object or an array")
    if message_id is None:
        return Notification(method, params)
    return Request(message_id, method, params)


def is_id(value: object) -> TypeGuard[MessageId]:
    """True for what may name a request; text that UTF-8 cannot hold could not be sent back."""
    if isinstance(value, str):
        return value.isascii() or not _LONE.search(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _number(text: str) -> float:
    """A number of JSON; one too large for a float would be written as a word that is no JSON."""
    return min(max(float(text), -sys.float_info.max), sys.float_info.max)


def _no_number(_: str) -> NoReturn:
    """``NaN`` and ``Infinity``, which Python reads and JSON does not have."""
    raise ValueError


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_no_number)


class Raw(str):
    """A result that is JSON text already: large answers are written as they are made."""

    __slots__ = ()


def encode_raw_result(message_id: MessageId, result: Raw) -> bytes:
    """The response to ``message_id`` around a result that is JSON text."""
    text = f'{{"jsonrpc":"2.0","id":{json.dumps(message_id)},"result":{result}}}'
    return text.encode("utf-8", "replace")


def encode(message: dict[str, Any]) -> bytes:
    """One message as UTF-8 JSON; a lone surrogate, which UTF-8 cannot hold, becomes ``?``."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def frame(body: bytes) -> bytes:
    """``body`` with the base protocol's header before it (LSP 3.17, "Base Protocol")."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Framer:
    """Cuts a byte stream into message bodies; finds its way back after a broken header."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._wanted: int | None = None
        self._skip = 0

    def feed(self, data: bytes) -> list[bytes | Malformed]:
        """Add what arrived; return the bodies (and the broken frames) that are now complete."""
        self._buffer += data
        found: list[bytes | Malformed] = []
        while True:
            if self._skip:
                dropped = min(self._skip, len(self._buffer))
                del self._buffer[:dropped]
                self._skip -= dropped
            if self._wanted is None:
                bad = self._read_header()
                if bad is not None:
                    found.append(bad)
                    continue
            if self._wanted is None or len(self._buffer) < self._wanted:
                return found
            found.append(bytes(self._buffer[: self._wanted]))
            del self._buffer[: self._wanted]
            self._wanted = None

    def _read_header(self) -> Malformed | None:
        end = _HEADER_END.search(self._buffer)
        if end is None:
            if len(self._buffer) <= _MAX_HEADER_BYTES:
                return None
            self._buffer.clear()
            return Malformed(None, PARSE_ERROR, "a message header is too long")
        # The last one: garbage before it may hold the remains of an older header.
        lengths = _LENGTH.findall(self._buffer, 0, end.start())
        del self._buffer[: end.end()]
        if not lengths:
            return Malformed(None, PARSE_ERROR, "a message header lacks Content-Length")
        length = int(lengths[-1])
        if length > self._max_bytes:
            self._skip = length
            return Malformed(
                None, INVALID_REQUEST, f"a message of {length} bytes exceeds {self._max_bytes}"
            )
        self._wanted = length
        return None
