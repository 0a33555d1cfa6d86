"""A judge: a chat model behind an OpenAI-compatible interface, asked for one whole answer.

Addresses, keys and masking follow the rules of ``models/openai``: only hosts that the setting
``network.hosts`` names, and nothing that says who a patient is to any machine but this one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore2

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import Message, Stop
from doctorflan_ls.models.openai import address as addresses
from doctorflan_ls.models.openai import keys
from doctorflan_ls.models.openai.exchange import Peer, body_of, header, payload
from doctorflan_ls.models.openai.faults import Fault, Stopped
from doctorflan_ls.privacy import Masked, mask

_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# A server that asks for more is asked again by another run.
_LONGEST_ASKED = 600.0
# The same request may be answered a moment later.
_AGAIN = frozenset(
    f"openai.{name}"
    for name in (
        "busy",
        "overloaded",
        "server-failed",
        "failed-midway",
        "garbled",
        "cut-off",
        "dropped",
        "silent",
        "deadline",
        "unreachable",
    )
)
# No other question would be answered either.
FATAL = frozenset(
    f"openai.{name}"
    for name in (
        "refused",
        "no-model",
        "nothing-there",
        "redirect",
        "web-page",
        "certificate",
        "tls",
        "no-name",
        "bad-url",
        "plain-public",
        "not-loopback",
        "not-http",
        "host-not-allowed",
    )
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judge said; tokens as its server counts them, None where it does not say."""

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class Judging:
    """How a judge is asked. ``key`` is where its key is kept: ``env:NAME``, ``keyring:S/U``.

    ``silence`` is in seconds without a byte, ``longest`` for one whole answer. ``attempts`` bounds
    how often one question is sent where the server is busy, fails or sends half an answer.
    """

    url: str
    model: str
    key: str = ""
    temperature: float = 0.0
    max_tokens: int = 1024
    silence: float = 120.0
    longest: float = 600.0
    attempts: int = 6
    first_pause: float = _FIRST_PAUSE


@dataclass(slots=True)
class Judge:
    """Safe to ask from several threads. A server that asks to wait is not asked by any of them."""

    how: Judging
    peer: Peer
    _limit_name: str = field(default="max_tokens", init=False)
    _not_before: float = field(default=0.0, init=False)

    @property
    def host(self) -> str:
        """``host:port``."""
        return self.peer.address.name

    def ask(self, messages: Sequence[Message], stop: Stop) -> Reply | None:
        """The judge's answer; None where ``stop`` was set. Raises ModelUnavailable."""
        problem = Fault("openai.busy")
        for attempt in range(1, self.how.attempts + 1):
            if stop.wait(max(self._not_before - time.monotonic(), 0)):
                return None
            try:
                return self._asked(messages, stop)
            except Stopped:
                return None
            except Fault as fault:
                problem = fault
            if problem.key == "openai.max-tokens" and self._limit_name == "max_tokens":
                self._limit_name = "max_completion_tokens"
                continue
            pause = self._pause(problem, attempt)
            if pause is None or attempt == self.how.attempts or stop.wait(pause):
                break
        if stop.is_set():
            return None
        # Which models there are the server is not asked: it may list none or hundreds.
        key = "openai.nothing-there" if problem.key == "openai.no-model" else problem.key
        raise ModelUnavailable(key, host=self.host, model=self.how.model, **problem.fields)

    def _pause(self, fault: Fault, attempt: int) -> float | None:
        """Seconds until the next attempt; None where another one would end alike."""
        if fault.key not in _AGAIN and not fault.again:
            return None
        if fault.after is None:
            return min(self.how.first_pause * 2.0 ** (attempt - 1), _LONGEST_PAUSE)
        if fault.after > _LONGEST_ASKED:
            return None
        # Whoever comes next would be refused too. Two threads may write; either value will do.
        self._not_before = max(self._not_before, time.monotonic() + fault.after)
        return fault.after

    def _asked(self, messages: Sequence[Message], stop: Stop) -> Reply:
        sent, masked = self._leaving(messages)
        parameters = {
            self._limit_name: self.how.max_tokens,
            "temperature": self.how.temperature,
            "stream": False,
        }
        body = payload(self.how.model, [(each.role, each.text) for each in sent], parameters)
        call = Stop(time.monotonic() + self.how.longest)
        with (
            stop.calling(call.set),
            self.peer.request("POST", "chat/completions", call, body) as (response, _),
        ):
            if fault := self.peer.refusal(response):
                raise fault
            if "html" in header(response, b"content-type"):
                raise Fault("openai.web-page")
            data = body_of(response, _MAX_ANSWER_BYTES)
        reply = _reply(data)
        if masked is None:
            return reply
        return Reply(masked.restore(reply.text), reply.prompt_tokens, reply.completion_tokens)

    def _leaving(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], Masked | None]:
        if self.peer.address.local:
            return tuple(messages), None
        masked = mask([each.text for each in messages])
        sent = [Message(each.role, text) for each, text in zip(messages, masked.texts, strict=True)]
        if masked.advice:
            sent[0] = Message(sent[0].role, f"{sent[0].text}\n\n{masked.advice}")
        return tuple(sent), masked


def judge_at(how: Judging, hosts: Sequence[str]) -> Judge:
    """The judge at ``how.url``; ``hosts`` are those that text may be sent to.

    Nothing is sent yet. Raises ModelUnavailable.
    """
    address = addresses.parse(how.url)
    if not address.is_allowed(hosts):
        raise ModelUnavailable("openai.host-not-allowed", model=how.model, host=address.name)
    context = httpcore2.default_ssl_context() if address.secure else None
    return Judge(how, Peer(address, keys.read(how.key), how.key, how.silence, context))


def _reply(data: bytes) -> Reply:
    """What the body of an answer says. Raises Fault."""
    try:
        values: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise Fault("openai.garbled", again=True) from None
    if not isinstance(values, dict):
        raise Fault("openai.garbled", again=True)
    if values.get("error"):
        raise Fault("openai.failed-midway", again=True)
    try:
        choice = values["choices"][0]
        text = choice["message"]["content"]
    except (LookupError, TypeError):
        raise Fault("openai.garbled", again=True) from None
    if choice.get("finish_reason") == "content_filter":
        raise Fault("openai.withheld")
    usage = values.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (each if isinstance(each, int) else None for each in counts)
    return Reply(text if isinstance(text, str) else "", prompt, completion)


__all__ = ["FATAL", "Judge", "Judging", "Reply", "judge_at"]
