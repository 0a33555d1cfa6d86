"""A language model on a server: asks for a streamed answer, and gives it on as it comes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

import httpcore2

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import (
    ChatModel,
    Finish,
    Message,
    ModelOptions,
    ModelSpec,
    Sampling,
    Sent,
    Stop,
)
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.local.stopping import until
from doctorflan_ls.models.openai import address as addresses
from doctorflan_ls.models.openai import estimate, events, keys
from doctorflan_ls.models.openai.address import Address
from doctorflan_ls.models.openai.answer import text_of
from doctorflan_ls.models.openai.exchange import Peer, body_of, header, payload
from doctorflan_ls.models.openai.faults import Fault, Stopped
from doctorflan_ls.privacy import Masked, mask

_ATTEMPTS = 3
_FIRST_PAUSE = 0.5
# A doctor waits no longer than this for a server that is busy.
_LONGEST_PAUSE = 20.0
# More of them many servers refuse; all of them are looked for here.
_STOPS_SENT = 4
# What tells a model to keep placeholders, longer in Chinese.
_ADVICE_TOKENS = 64
_MAX_PLAIN_BYTES = 64 * 1024
# Not every server keeps to the number of tokens. One of text has 16 characters at the most.
_TOKEN_CHARACTERS = 32
_PLAIN = ("", "identity")


def load_chat(folder: object, manifest: Manifest, options: ModelOptions) -> ChatModel:  # noqa: ARG001
    """The model that ``manifest`` names. Raises ModelUnavailable."""
    address = addresses.parse(manifest.url)
    if not address.is_allowed(options.hosts):
        raise ModelUnavailable("openai.host-not-allowed", model=manifest.id, host=address.name)
    return OpenAIChat(manifest, address, options)


class OpenAIChat:
    """A model of ``address``. What goes to any other machine than this one is masked first."""

    def __init__(self, manifest: Manifest, address: Address, options: ModelOptions) -> None:
        self._spec = manifest.spec(host=address.name)
        self._model = manifest.model
        self._peer = Peer(
            address,
            keys.read(manifest.key),
            manifest.key,
            float(options.timeout),
            httpcore2.default_ssl_context() if address.secure else None,
        )
        self._limit_name = "max_tokens"

    @property
    def spec(self) -> ModelSpec:
        """What it is and which version."""
        return self._spec

    @property
    def takes_lead(self) -> bool:
        """The chat interface has no place for the beginning of an answer."""
        return False

    def count(self, messages: Sequence[Message]) -> int:
        """An upper estimate of the tokens of ``messages``; see `estimate.tokens`."""
        advice = 0 if self._peer.address.local else _ADVICE_TOKENS
        return estimate.tokens(messages, chinese="zh" in self._spec.languages) + advice

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        """As `ChatModel.stream` says; ``top_k`` is not sent, the interface has no such parameter.

        Raises ValueError for a ``lead``.
        """
        if lead:
            raise ValueError
        return until(self._restored(messages, sampling, stop), sampling.stop)

    def sent(self, messages: Sequence[Message]) -> Sent:
        """As `Sending.sent` says: what goes to this machine itself is not masked."""
        leaving, masked = self._leaving(messages)
        return Sent(leaving, 0 if masked is None else len(masked.originals))

    def close(self) -> None:
        """Nothing is kept between two answers."""

    def _leaving(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], Masked | None]:
        """The messages as they are sent, and what is masked in them; None for this machine."""
        if self._peer.address.local:
            return tuple(messages), None
        masked = mask([message.text for message in messages])
        return _told(messages, masked), masked

    def _restored(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop
    ) -> Generator[str, None, Finish]:
        sent, masked = self._leaving(messages)
        if masked is None:
            return (yield from self._pieces(sent, sampling, stop))
        restorer = masked.restorer()
        with closing(self._pieces(sent, sampling, stop)) as pieces:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    if rest := restorer.finish():
                        yield rest
                    finish: Finish = end.value
                    return finish
                if text := restorer.push(piece):
                    yield text

    def _pieces(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop
    ) -> Generator[str, None, Finish]:
        """Ask, and again where that may help: no fault that comes with an answer does."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return (yield from self._answer(messages, sampling, stop))
            except Stopped:
                return "stop"
            except Fault as fault:
                problem = fault
            if problem.key == "openai.max-tokens" and self._limit_name == "max_tokens":
                self._limit_name = "max_completion_tokens"
                continue
            pause = (
                problem.after if problem.after is not None else _FIRST_PAUSE * 2 ** (attempt - 1)
            )
            left = stop.left()
            if (
                not problem.again
                or attempt == _ATTEMPTS
                or pause > _LONGEST_PAUSE
                or (left is not None and pause >= left)
            ):
                break
            if stop.wait(pause):
                return "stop"
        try:
            raise self._error(problem, stop)
        except Stopped:
            return "stop"

    def _answer(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop
    ) -> Generator[str, None, Finish]:
        """One attempt. Raises Fault and Stopped."""
        parameters = self._parameters(messages, sampling)
        body = payload(
            self._model, [(message.role, message.text) for message in messages], parameters
        )
        with self._peer.request("POST", "chat/completions", stop, body) as (response, wire):
            if fault := self._peer.refusal(response):
                raise fault
            kind = header(response, b"content-type")
            if "html" in kind:
                raise Fault("openai.web-page")
            if "application/json" in kind or header(response, b"content-encoding") not in _PLAIN:
                failed = b'"error"' in body_of(response, _MAX_PLAIN_BYTES)
                raise Fault("openai.failed-midway" if failed else "openai.no-stream")
            said = _while_wanted(events.data_of(response.iter_stream()), stop)
            most = parameters[self._limit_name] * _TOKEN_CHARACTERS
            return (yield from _bounded(text_of(said, wire.ending), most))

    def _parameters(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        most = sampling.max_tokens
        if length := self._spec.context_length:
            room = length - self.count(messages)
            if room < 1:
                raise Fault("openai.context")
            # Some servers refuse a request that could outgrow the context.
            most = min(most, room)
        parameters: dict[str, Any] = {self._limit_name: most, "temperature": sampling.temperature}
        if sampling.temperature > 0:
            parameters |= {"top_p": sampling.top_p, "seed": sampling.seed}
        if sampling.stop:
            parameters["stop"] = list(sampling.stop[:_STOPS_SENT])
        return parameters

    def _error(self, fault: Fault, stop: Stop) -> ModelUnavailable:
        if fault.key == "openai.no-model":
            names = self._peer.model_names(stop)
            if names and self._model not in names:
                fault = Fault("openai.no-model", names=", ".join(names))
            else:
                fault = Fault("openai.nothing-there")
        return ModelUnavailable(
            fault.key, host=self._peer.address.name, model=self._model, **fault.fields
        )


def _bounded(pieces: Generator[str, None, Finish], most: int) -> Generator[str, None, Finish]:
    """The pieces until ``most`` characters: a server that goes on is heard no longer."""
    with closing(pieces):
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                finish: Finish = end.value
                return finish
            most -= len(piece)
            if most < 0:
                return "length"
            yield piece


def _while_wanted(said: Iterable[str], stop: Stop) -> Iterator[str]:
    """The events until the stop: many of them may have come with one read."""
    for each in said:
        if stop.is_set():
            raise Stopped
        yield each


def _told(messages: Sequence[Message], masked: Masked) -> tuple[Message, ...]:
    """The messages as they leave; the first says what the placeholders are."""
    sent = [
        Message(message.role, text) for message, text in zip(messages, masked.texts, strict=True)
    ]
    if masked.advice and sent:
        sent[0] = Message(sent[0].role, f"{sent[0].text}\n\n{masked.advice}")
    return tuple(sent)
