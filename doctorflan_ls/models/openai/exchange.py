"""One request to a server, and what its answer says before any text comes."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore2

from doctorflan_ls.models.base import Stop
from doctorflan_ls.models.openai.address import Address
from doctorflan_ls.models.openai.faults import Fault
from doctorflan_ls.models.openai.keys import Key
from doctorflan_ls.models.openai.wire import Wire

# What a server says with an error is searched for a few words and never shown: it may quote a note.
_MAX_REASON_BYTES = 64 * 1024
_MAX_LIST_BYTES = 1024 * 1024
_MAX_NAMES = 8
_PASSING = {429: "openai.busy", 502: "openai.overloaded", 503: "openai.overloaded"}
_CONTEXT_WORDS = ("context length", "context_length", "context size", "context window", "too long")
_MODEL_WORDS = ("model_not_found", "model not found", "pinned to", "unknown model")


@dataclass(frozen=True, slots=True)
class Peer:
    """A server as requests need it. ``silence`` is in seconds without a byte."""

    address: Address
    key: Key
    key_place: str
    silence: float
    context: ssl.SSLContext | None

    @contextmanager
    def request(
        self, method: str, path: str, stop: Stop, body: bytes | None = None
    ) -> Iterator[tuple[httpcore2.Response, Wire]]:
        """Send a request and give its answer, and its connection, while the block lasts.

        Each has a connection of its own, so that the replicas behind one name share the work and
        a stop can cut it. No redirect is followed and no proxy is asked. Raises Fault or Stopped.
        """
        wire = Wire(self.address, stop, self.silence)
        url = httpcore2.URL(
            scheme=b"https" if self.address.secure else b"http",
            host=self.address.wire_host.encode("ascii"),
            port=self.address.port,
            target=f"{self.address.path}/{path}".encode("ascii"),
        )
        headers = [
            (b"Host", self.address.name.encode("idna")),
            (b"User-Agent", b"doctorflan-ls"),
            (b"Accept", b"text/event-stream, application/json"),
            # A compressed answer could be far larger than what was read of it.
            (b"Accept-Encoding", b"identity"),
            (b"Connection", b"close"),
            *self.key.header(),
        ]
        if body is not None:
            headers.append((b"Content-Type", b"application/json"))
        connection = httpcore2.HTTPConnection(url.origin, self.context, network_backend=wire)
        with stop.calling(wire.hang_up), _faults(wire):
            try:
                with connection.stream(method, url, headers=headers, content=body) as response:
                    wire.answered()
                    yield response, wire
            finally:
                connection.close()

    def model_names(self, stop: Stop) -> tuple[str, ...]:
        """The names of the models that the server lists, none where it does not say."""
        try:
            with self.request("GET", "models", stop) as (response, _):
                if response.status != 200:
                    return ()
                listed = json.loads(body_of(response, _MAX_LIST_BYTES))
            names = [each["id"] for each in listed["data"]]
        except (Fault, ValueError, RecursionError, LookupError, TypeError):
            return ()
        return tuple(
            each
            for each in names[:_MAX_NAMES]
            if isinstance(each, str) and each.isprintable() and len(each) <= 200
        )

    def refusal(self, response: httpcore2.Response) -> Fault | None:
        """What a status other than 200 means."""
        status = response.status
        if status == 200:
            return None
        if 300 <= status < 400:
            return Fault("openai.redirect", status=status)
        if status in (401, 403):
            return Fault("openai.refused", status=status, place=self.key_place or "-")
        if status in _PASSING:
            after = _retry_after(response)
            return Fault(_PASSING[status], again=True, after=after, status=status)
        if status >= 500:
            return Fault("openai.server-failed", status=status)
        return _rejected(status, body_of(response, _MAX_REASON_BYTES))


def _rejected(status: int, body: bytes) -> Fault:
    reason = body.decode("utf-8", "replace").casefold()
    if status == 413 or any(word in reason for word in _CONTEXT_WORDS):
        return Fault("openai.context")
    if status == 404 or any(word in reason for word in _MODEL_WORDS):
        return Fault("openai.no-model")
    if status == 400 and "max_completion_tokens" in reason:
        return Fault("openai.max-tokens")
    return Fault("openai.rejected", status=status)


def body_of(response: httpcore2.Response, most: int) -> bytes:
    """The first ``most`` bytes of the answer's body at the least, or all of it."""
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) >= most:
            break
    return bytes(body)


def header(response: httpcore2.Response, name: bytes) -> str:
    """A header of the answer, in lower case; empty where there is none."""
    found = [value for key, value in response.headers if key.lower() == name]
    return found[0].decode("latin-1").strip().casefold() if found else ""


def payload(model: str, messages: Sequence[tuple[str, str]], parameters: dict[str, Any]) -> bytes:
    """The body of a request for a streamed answer."""
    body = {
        "model": model,
        "messages": [{"role": role, "content": text} for role, text in messages],
        "stream": True,
        **parameters,
    }
    # Half a surrogate pair, which an editor may send, has no UTF-8.
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


@contextmanager
def _faults(wire: Wire) -> Iterator[None]:
    """httpcore's errors as faults."""
    try:
        yield
    except httpcore2.RemoteProtocolError:
        if wire.has_answer:
            raise Fault("openai.cut-off") from None
        if not wire.received:
            raise Fault("openai.dropped", again=True) from None
        raise Fault("openai.not-http") from None
    except httpcore2.LocalProtocolError:
        raise Fault("openai.bad-url") from None


def _retry_after(response: httpcore2.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110 10.2.3)."""
    value = header(response, b"retry-after")
    if value.isdecimal():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
        now = parsedate_to_datetime(header(response, b"date"))
        return max((when - now).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None
