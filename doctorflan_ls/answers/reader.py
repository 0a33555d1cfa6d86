"""Reads a model's answer as it is made: which piece belongs to which part of the task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from doctorflan_ls.answers.headings import Heading, Titles, fold
from doctorflan_ls.answers.plain import PlainText, WithoutThought, plain
from doctorflan_ls.answers.repetition import Repetition
from doctorflan_ls.lexicon import table

_MARKS = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]*)+")
_ITEM = re.compile(r"^[ \t]*(\d{1,2})[.、．)）]")
_EMPTY = re.compile(r"^\s*(?:[-*•·]|[（(]?\d{1,3}[.、．)）]?)?\s*$")
_COLON = re.compile(r"[:：]\s*$")
_LONGEST_CHATTER = 120
_JSON = "json\n"
_LONGEST_JSON = 100_000
# Nothing but text is as long; whatever is undecided is read anew with each piece.
_LONGEST_UNDECIDED = 1000
_SHORTEST_ECHO = 4
# A piece of a line of the request that is as long as this is no answer either.
_LONG_ECHO = 8
_LONGEST_GREETING = 5
_MOST_EMPTY = 8


class Piece(NamedTuple):
    """Text of the answer, and the key of the part it belongs to: empty where it fits none."""

    key: str
    text: str


class AnswerReader:
    """Takes an answer's text in pieces and gives back its parts, line by line at the latest.

    Nothing is dropped but markup, thought, blank lines, an announcement of the answer, a repeated
    request, and what a model that goes round in circles says once too often (``over`` then).
    """

    def __init__(
        self,
        titles: Titles,
        key: str = "",
        order: Sequence[str] = (),
        echoes: Iterable[str] = (),
        recorded: Iterable[str] = (),
    ) -> None:
        """``key`` is the part that the answer begins in.

        ``order`` are the keys that were asked for, which an answer without titles may number.
        ``echoes`` are lines of the request and ``recorded`` sentences of the note: neither is an
        answer.
        """
        self._titles = titles
        self._key = key
        self._order = tuple(order)
        self._echoes = {folded for line in echoes if len(folded := fold(line)) >= _SHORTEST_ECHO}
        self._thought = WithoutThought()
        self._plain = PlainText()
        self._repetition = Repetition(recorded)
        self._line = ""
        self._open = False
        # The parts of which something was read, and those of which something was shown.
        self._begun: set[str] = set()
        self._showing: set[str] = set()
        self._break = False
        self._line_end = ""
        self._empty = 0
        self._start = ""
        self._json: str | None = None
        self._list: list[str] | None = None

    @property
    def over(self) -> bool:
        """True once the model goes round in circles."""
        return self._repetition.over or self._empty > _MOST_EMPTY

    def push(self, text: str) -> Iterator[Piece]:
        """The pieces that are certain by now."""
        yield from self._take(self._plain.push(self._thought.push(text)))

    def finish(self) -> Iterator[Piece]:
        """What was held back; the answer is complete."""
        yield from self._take(self._plain.push(self._thought.finish()) + self._plain.finish())
        if self._json is not None:
            yield from self._object(self._json)
        yield from self._read(self._start)
        if self._line:
            yield from self._decide()
        yield from self._listed()
        yield from self._ended()

    def _take(self, text: str) -> Iterator[Piece]:
        if self._json is None and not self._begun and not self._open and not self._line:
            text = self._start + text.lstrip("" if self._start else None)
            self._start = text if _JSON.startswith(text.rstrip()) else ""
            if self._start:
                return
            self._json = "" if text.startswith(("{", "json\n{")) else None
        if self._json is not None:
            self._json += text
            if len(self._json) <= _LONGEST_JSON:
                return
            text, self._json = self._json, None
        yield from self._read(text)

    def _read(self, text: str) -> Iterator[Piece]:
        while text and not self.over:
            line, end, text = text.partition("\n")
            if self._open:
                yield from self._say(line)
            else:
                self._line += line
                if end or not self._undecided():
                    yield from self._decide(complete=bool(end))
            if end:
                self._open = False
                self._break = True

    def _undecided(self) -> bool:
        """True while the line may become something else than text."""
        line = self._line
        if self._titles.heading(line + "\n") and ("：" in line or ":" in line):
            return False
        if len(line) > _LONGEST_UNDECIDED:
            return self._list is not None
        return (
            self._list is not None
            or self._titles.may_begin(line)
            or self._repeats(fold(_ITEM.sub("", line)))
            or (not self._begun and len(line) <= _LONGEST_CHATTER and _may_announce(line))
            or self._numbers(line)
            or _EMPTY.match(line) is not None
        )

    def _decide(self, *, complete: bool = True) -> Iterator[Piece]:
        line, self._line = self._line, ""
        heading = self._titles.heading(line)
        # A line may begin with any number of headings.
        while heading is not None and complete and heading.rest:
            yield from self._begin(heading)
            line, self._line = self._line, ""
            heading = self._titles.heading(line)
        if heading is not None and (complete or heading.rest or _COLON.search(line)):
            yield from self._begin(heading)
        elif complete and (self._is_echo(line) or self._is_chatter(line)):
            return
        elif complete and _EMPTY.match(line):
            self._empty += 1
        elif self._list is not None or self._numbers(line):
            self._list = [*(self._list or ()), line]
        else:
            self._open = not complete
            self._empty = 0
            yield from self._say(_MARKS.sub("", line))

    def _begin(self, heading: Heading) -> Iterator[Piece]:
        yield from self._listed()
        yield from self._ended()
        self._key = heading.key
        self._break = False
        self._line = heading.rest

    def _repeats(self, folded: str) -> bool:
        return any(folded in echo for echo in self._echoes)

    def _is_echo(self, line: str) -> bool:
        folded = fold(_ITEM.sub("", line))
        return folded in self._echoes or (len(folded) >= _LONG_ECHO and self._repeats(folded))

    def _is_chatter(self, line: str) -> bool:
        alone = len(line.strip()) <= _LONGEST_GREETING or _COLON.search(line) is not None
        return not self._begun and alone and line.lstrip().casefold().startswith(_chatter())

    def _numbers(self, line: str) -> bool:
        """True where an answer begins that may be a numbered list of what was asked for."""
        found = _ITEM.match(line)
        alone = not self._begun and not self._key and len(self._order) > 1
        return alone and found is not None and found[1] == "1"

    def _listed(self) -> Iterator[Piece]:
        """The lines of a numbered answer: its items in order, or as they are."""
        lines, self._list = self._list, None
        if lines is None:
            return
        heads = [at for at, line in enumerate(lines) if _ITEM.match(line)]
        numbers = [int(_number(lines[at])) for at in heads]
        if numbers != list(range(1, len(self._order) + 1)):
            yield from self._lines(lines)
            return
        for key, start, end in zip(self._order, heads, [*heads[1:], len(lines)], strict=True):
            self._key = key
            self._break = False
            first = _ITEM.sub("", lines[start], count=1)
            yield from self._lines([first, *lines[start + 1 : end]])

    def _lines(self, lines: Sequence[str]) -> Iterator[Piece]:
        for line in lines:
            yield from self._say(_MARKS.sub("", line))
            self._break = True

    def _object(self, source: str) -> Iterator[Piece]:
        """An answer in JSON: its members by their titles; what is no object is read as lines."""
        self._json = None
        try:
            made = json.loads(source.removeprefix("json").strip())
        except (ValueError, RecursionError):
            made = None
        if not isinstance(made, dict):
            yield from self._read(source)
            return
        for name, value in made.items():
            key = self._titles.key(name)
            self._key = key or ""
            self._break = key is None and "" in self._begun
            title = "" if key else f"{plain(name)}: "
            yield from self._lines((title + "\n".join(_flat(value))).split("\n"))

    def _say(self, text: str) -> Iterator[Piece]:
        """A line of the answer, or a piece of one, behind the line end that parts it."""
        if self._key not in self._begun:
            text = text.lstrip()
            self._break = False
        if text:
            self._begun.add(self._key)
        if self._break and text:
            yield from self._ended()
            self._break = False
            self._line_end = "\n"
        yield from self._shown(self._repetition.push(text))

    def _ended(self) -> Iterator[Piece]:
        """What of the line before was held back for looking like a repetition."""
        yield from self._shown(self._repetition.finish())
        self._line_end = ""

    def _shown(self, text: str) -> Iterator[Piece]:
        if self._key not in self._showing:
            text = text.lstrip()
            self._line_end = ""
        if text:
            self._showing.add(self._key)
            yield Piece(self._key, self._line_end + text)
            self._line_end = ""


@cache
def _chatter() -> tuple[str, ...]:
    return tuple(word for words in table("prompts")["chatter"].values() for word in words)


def _may_announce(line: str) -> bool:
    """True where ``line`` begins as one that only announces the answer, or may come to."""
    begun = line.lstrip().casefold()
    return begun.startswith(_chatter()) or any(word.startswith(begun) for word in _chatter())


def _number(line: str) -> str:
    found = _ITEM.match(line)
    return found[1] if found else "0"


def _flat(value: object, depth: int = 0) -> Iterator[str]:
    """A member of an answer in JSON as lines of plain text."""
    if isinstance(value, dict) and depth < 3:
        for name, each in value.items():
            yield f"{plain(str(name))}: " + "; ".join(_flat(each, depth + 1))
    elif isinstance(value, list) and depth < 3:
        for each in value:
            yield "; ".join(_flat(each, depth + 1))
    elif value is not None:
        yield plain(str(value))


__all__ = ["AnswerReader", "Piece"]
