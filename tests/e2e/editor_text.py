"""The text of an editor's buffer, told as simply as LSP does: the model that a server is held to.

Nothing of the product is used here, or the two could be wrong together.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

ENCODINGS = ("utf-8", "utf-16", "utf-32")
Json = dict[str, Any]


def width(character: str, encoding: str) -> int:
    """Code units of one character."""
    if encoding == "utf-8":
        return len(character.encode())
    return 2 if encoding == "utf-16" and ord(character) > 0xFFFF else 1


def as_sent(text: str) -> str:
    """``text`` as it is once it came through JSON: a pair of surrogates is a character, and half a
    pair is U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", json.loads(json.dumps(text)))


class Buffer:
    """A text, never changed, and its places in one encoding."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.encoding = encoding

    @cached_property
    def lines(self) -> list[tuple[int, int]]:
        """Where each line begins, and where it ends without its line end."""
        found, start, at = [], 0, 0
        while at < len(self.text):
            if self.text[at] in "\r\n":
                found.append((start, at))
                at += 2 if self.text.startswith("\r\n", at) else 1
                start = at
            else:
                at += 1
        return [*found, (start, at)]

    def offset(self, position: Json) -> int:
        """The character at a position, which may point anywhere."""
        if position["line"] >= len(self.lines):
            return len(self.text)
        at, end = self.lines[position["line"]]
        left = position["character"]
        while at < end and left >= (units := width(self.text[at], self.encoding)):
            left -= units
            at += 1
        return at

    def position(self, offset: int) -> Json:
        """The position of a character; inside a line end it is the end of the line."""
        line = bisect_right(self.lines, (offset, len(self.text))) - 1
        start, end = self.lines[line]
        before = self.text[start : min(offset, end)]
        return {"line": line, "character": sum(width(each, self.encoding) for each in before)}

    def has(self, position: Json) -> bool:
        """True where the position is one of a character, or of the end of a line."""
        line = position["line"]
        return 0 <= line < len(self.lines) and self.position(self.offset(position)) == position

    def has_line(self, line: int) -> bool:
        """True where there is such a line."""
        return 0 <= line < len(self.lines)

    def changed(self, change: Json) -> Buffer:
        """The text after one of an editor's ``contentChanges``."""
        new = as_sent(change["text"])
        if change.get("range") is None:
            return Buffer(new, self.encoding)
        ends = sorted(self.offset(change["range"][end]) for end in ("start", "end"))
        return Buffer(self.text[: ends[0]] + new + self.text[ends[1] :], self.encoding)


def positions_in(value: Any) -> Iterator[Json]:
    """Every ``Position`` somewhere in a result."""
    if isinstance(value, dict):
        if set(value) == {"line", "character"}:
            yield value
            return
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from positions_in(each)


def spans_in(value: Any) -> Iterator[tuple[int, int]]:
    """Every span of the note somewhere in an analysis."""
    if isinstance(value, dict):
        if isinstance(value.get("span"), list):
            yield tuple(value["span"])
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from spans_in(each)


def tokens_in(data: list[int]) -> Iterator[tuple[Json, Json]]:
    """The two ends of each semantic token."""
    line = character = 0
    for at in range(0, len(data), 5):
        down, right, length = data[at : at + 3]
        character = right if down else character + right
        line += down
        end = {"line": line, "character": character + length}
        yield {"line": line, "character": character}, end
