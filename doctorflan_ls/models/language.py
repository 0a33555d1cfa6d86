"""A language model as a model of drafts: what it is asked, and what its words become.

A model may word facts, never supply them. So what the note itself can say (complaints, findings,
values, allergies, drugs taken) stands in the draft as the skeleton has it, each statement with its
evidence; where the note is silent about it a gap stays, and no model is asked to fill it. A model
is asked for what no note holds: the elements that need medical knowledge, and suggestions for those
where a doctor may want one (``[suggest]`` of prompts.toml). Its words stand under the element's own
title, each line behind a label that says whose it is, without evidence, and the draft ends with a
line that says so again. A doctor reads in one glance what is record and what is suggestion, and a
weak model can spoil the suggestion only.

A model that takes a lead is guided: for each part asked for, the title is written for it and it
goes on, so that even a weak one answers in the task's structure; all it has run before stays in its
cache. Any other is asked once, and its answer is read tolerantly (``answers/``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.base import (
    ChatModel,
    Chunk,
    Message,
    ModelSpec,
    Sampling,
    Sending,
    Sent,
    Stop,
)

if TYPE_CHECKING:
    from doctorflan_ls.answers import AnswerReader, Piece
    from doctorflan_ls.models.layout import DraftLayout
    from doctorflan_ls.prompts import Prompt
    from doctorflan_ls.prompts.render import Part

# Of the context, what an answer may reserve at the most, and what goes around the case at least.
_ANSWER_SHARE = 2
_AROUND_SHARE = 4
# Room for the titles that are written for the model.
_TITLES = 32
# A token of Chinese is about one character, one of English about four.
_CHARACTERS = {"zh": 1, "en": 4}


class LanguageModel:
    """A `Model` made of a `ChatModel`.

    ``holds`` is asked whether what was loaded is still what its manifest vouches for.
    """

    def __init__(self, chat: ChatModel, holds: Callable[[], bool] | None = None) -> None:
        self._chat = chat
        self._holds = holds

    @property
    def is_current(self) -> bool:
        """False once its files changed: then it is to be loaded again, or refused."""
        return self._holds is None or self._holds()

    @property
    def spec(self) -> ModelSpec:
        """What the language model is and which version."""
        return self._chat.spec

    @property
    def chat(self) -> ChatModel:
        """The language model itself, for whoever asks it something else than a draft."""
        return self._chat

    def generate(self, prompt: Prompt, sampling: Sampling, stop: Stop) -> Iterator[Chunk]:
        """Yield the record's part of the draft at once and the model's words as they are made.

        Raises ModelUnavailable where the context is too small for the task, and as the language
        model does.
        """
        with closing(self._chunks(prompt, sampling, stop)) as chunks:
            while not stop.is_set():
                chunk = next(chunks, None)
                if chunk is None:
                    break
                yield chunk
        if not stop.is_set() and not self.is_current:
            raise ModelUnavailable("store.file-changed", model=self.spec.id)

    def outgoing(self, prompt: Prompt, sampling: Sampling) -> Sent | None:
        """What would leave this machine for ``prompt``; None where it is not known what does.

        Sends nothing. Raises ModelUnavailable where the context is too small for the task.
        """
        from doctorflan_ls.models.layout import DraftLayout  # noqa: PLC0415

        messages, _ = self._conversation(prompt, DraftLayout(prompt, self.spec.id), sampling)
        return self._chat.sent(messages) if isinstance(self._chat, Sending) else None

    def close(self) -> None:
        """Give back what the language model holds."""
        self._chat.close()

    def _chunks(
        self, prompt: Prompt, sampling: Sampling, stop: Stop
    ) -> Generator[Chunk, None, None]:
        # What words and reads answers is not needed before the first of them.
        from doctorflan_ls.models.layout import DraftLayout  # noqa: PLC0415

        layout = DraftLayout(prompt, self.spec.id)
        answer = _Answer(self._chat, sampling, stop, layout)
        messages, reserve = self._conversation(prompt, layout, sampling)
        answer.sampling = replace(sampling, max_tokens=reserve)
        if prompt.turn is not None:
            yield from answer.free(messages, ())
        elif self._chat.takes_lead:
            yield from answer.guided(messages, layout.asked)
        else:
            yield from answer.free(messages, layout.asked)
        yield from layout.finish()

    def _conversation(
        self, prompt: Prompt, layout: DraftLayout, sampling: Sampling
    ) -> tuple[tuple[Message, ...], int]:
        """The messages, the note cut to what the context takes, and the tokens for the answer."""
        from doctorflan_ls.prompts.fitting import CaseFitter, fitted  # noqa: PLC0415
        from doctorflan_ls.prompts.render import messages, word  # noqa: PLC0415

        gap = word("left_out_here", prompt.language)
        fitter = CaseFitter(prompt.note, prompt.scope(), prompt.task.phase, gap)
        context = self.spec.context_length
        if not context:
            made = messages(prompt, fitter.whole().text, layout.facts(None), layout.asked)
            return made, sampling.max_tokens
        reserve = min(sampling.max_tokens, context // _ANSWER_SHARE)
        budget = context - reserve - _TITLES
        most = context // _AROUND_SHARE * _CHARACTERS[prompt.language]
        for facts in (layout.facts(most), ()):

            def asked(case: str, facts: Sequence[str] = facts) -> tuple[Message, ...]:
                return messages(prompt, case, facts, layout.asked)

            case = fitted(
                fitter,
                lambda text, asked=asked: self._chat.count(asked(text)),  # type: ignore[misc]
                budget,
                context // _AROUND_SHARE,
            )
            if case is not None:
                layout.left_out = case.left_out
                return asked(case.text), reserve
        raise ModelUnavailable("prompt.context-too-small", model=self.spec.id, context=context)


@dataclass(slots=True)
class _Answer:
    """One answer: what the model streams, read and laid out."""

    chat: ChatModel
    sampling: Sampling
    stop: Stop
    layout: DraftLayout
    _used: int = field(default=0, init=False)

    def guided(self, messages: Sequence[Message], asked: Sequence[Part]) -> Iterator[Chunk]:
        """Ask for each part in turn: its title is the beginning of what the model goes on with."""
        from doctorflan_ls.answers import AnswerReader  # noqa: PLC0415

        done = ""
        echoes, recorded = self.layout.echoes, self.layout.recorded
        for number, part in enumerate(asked):
            yield from self.layout.facts_before(part.key)
            lead = done + part.title + self.layout.colon
            reader = AnswerReader(self.layout.titles(asked), part.key, (), echoes, recorded)
            left = max(self.sampling.max_tokens - self._used, 0)
            share = replace(self.sampling, max_tokens=max(left // (len(asked) - number), 1))
            said = []
            for piece in self._pieces(messages, share, reader, lead, part.key):
                said.append(piece.text)
                yield from self.layout.words(piece.key, piece.text)
            if self.stop.is_set():
                return
            if not said:
                yield from self.layout.unanswered(part.key)
            # A model that is shown how it repeated itself does so again.
            if said and not reader.over:
                done = lead + "".join(said) + "\n"

    def free(self, messages: Sequence[Message], asked: Sequence[Part]) -> Iterator[Chunk]:
        """Ask once for all parts, or for an answer without any."""
        from doctorflan_ls.answers import AnswerReader  # noqa: PLC0415

        keys = [part.key for part in asked]
        first = keys[0] if len(keys) == 1 else ""
        if asked:
            yield from self.layout.facts_before(keys[0])
        titles = self.layout.titles(asked, everything=True) if asked else self.layout.titles(())
        reader = AnswerReader(titles, first, keys, self.layout.echoes, self.layout.recorded)
        for piece in self._pieces(messages, self.sampling, reader, "", None):
            yield from self.layout.words(piece.key, piece.text)

    def _pieces(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        reader: AnswerReader,
        lead: str,
        only: str | None,
    ) -> Iterator[Piece]:
        """The answer's pieces; with ``only``, until another part begins."""
        key = only or ""
        with closing(self.chat.stream(messages, sampling, self.stop, lead)) as stream:
            while not reader.over:
                try:
                    text = next(stream)
                except StopIteration as end:
                    if end.value == "length" and not self.stop.is_set():
                        self.layout.too_long(key)
                    break
                if self.stop.is_set():
                    return
                self._used += 1
                for piece in reader.push(text):
                    key = piece.key
                    if only is not None and key != only:
                        return
                    yield piece
        for piece in reader.finish():
            if only is not None and piece.key != only:
                return
            key = piece.key
            yield piece
        if reader.over:
            self.layout.repeated(key)


__all__ = ["LanguageModel"]
