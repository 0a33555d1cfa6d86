"""A chat model whose every word a test writes: what a model may say at worst cannot be left to one.

Tokens are counted as characters.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import count

from doctorflan_ls.drafts import Draft, DraftBuilder, Provenance, digest
from doctorflan_ls.models.base import Chunk, Finish, Message, ModelSpec, Sampling, Stop
from doctorflan_ls.models.language import LanguageModel
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts import Prompt, Turn
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

Script = Callable[[Sequence[Message], str], str]


class ScriptedChat:
    """Says what ``script`` gives for the messages and the lead, in pieces of ``size``."""

    def __init__(
        self, script: Script | str, *, takes_lead: bool = False, context: int = 0, size: int = 3
    ) -> None:
        self._script = script
        self._size = size
        self.takes_lead = takes_lead
        self.spec = ModelSpec("scripted", "1", "onnx", context_length=context)
        self.asked: list[tuple[Message, ...]] = []
        self.leads: list[str] = []
        self.shares: list[int] = []
        self.counted: list[int] = []
        self.ended = 0

    def count(self, messages: Sequence[Message]) -> int:
        length = sum(len(message.text) + 4 for message in messages)
        self.counted.append(length)
        return length

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, stop: Stop, lead: str = ""
    ) -> Generator[str, None, Finish]:
        self.asked.append(tuple(messages))
        self.leads.append(lead)
        self.shares.append(sampling.max_tokens)
        script = self._script
        text = script if isinstance(script, str) else script(messages, lead)
        try:
            for number in count():
                start = number * self._size
                if start >= len(text) or stop.is_set():
                    return "stop"
                if number >= sampling.max_tokens:
                    return "length"
                yield text[start : start + self._size]
        finally:
            self.ended += 1

    def close(self) -> None:
        pass


def prompt(text: str, task: str, turn: Turn | None = None, span: Span | None = None) -> Prompt:
    note = parse_note(text, "file:///note.txt")
    return Prompt(get_task(task), note, span or Span(0, len(note.text)), note.language, turn)


def chunks(chat: ScriptedChat, asked: Prompt, max_tokens: int = 4000) -> list[Chunk]:
    return list(LanguageModel(chat).generate(asked, Sampling(max_tokens=max_tokens), Stop()))


def said(made: Iterable[Chunk]) -> str:
    return "".join(chunk.text for chunk in made)


def draft(made: Iterable[Chunk], asked: Prompt) -> Draft:
    note: Note = asked.note
    origin = Provenance(
        task=asked.task.id,
        model="scripted",
        model_version="1",
        uri=note.uri,
        version=note.version,
        span=asked.span,
        source_digest=digest(asked.case()),
        language=asked.language,
    )
    builder = DraftBuilder("0a1b2c3d", origin)
    for chunk in made:
        builder.add(chunk)
    return builder.draft("ready")
