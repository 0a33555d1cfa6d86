"""A document as the editor of the killing runs holds it: its text, its typing, its edits.

Nothing of the server's own text handling is used: what is held against the server's text is counted
here anew.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from typing import Any

_BREAK = re.compile(r"\r\n|\n|\r")
# A draft may quote an opening line that lost its closing one, in the middle of a line of its own.
_OPENING = re.compile(
    r"(?<![^\r\n])〔DoctorFLAN (?:草稿 待审核|draft, to be reviewed)｜[^\r\n〔〕]*"
    r"｜#([0-9A-Za-z]+)〕"
)
_UNIT_BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}

WORDS = (
    "患者", "发热", "咳嗽3天。", "无胸痛", "，", "体温39.2℃", "青霉素过敏", "é", " ", "\t",
    "e\u0301", "BP 150/95 mmHg", "denies chest pain", "\n", "\r\n", "\r", "\u2028", "\x0c",
    "诊断：肺炎\n", "血钾6.8mmol/L。", "/", "既往史：", "\n查体：", "100", "\u00a0", "。\r\n",
    "右侧", "左侧", "𠮷", "\U0001f469\u200d\u2695\ufe0f",
)  # fmt: skip


def opened_ids(text: str) -> list[str]:
    """The ids of the opening marker lines in ``text``, as often as they stand there."""
    return _OPENING.findall(text)


def brought_ids(edit: dict[str, Any]) -> list[str]:
    """The ids of the drafts that a ``WorkspaceEdit`` puts in."""
    edits = [each for of in edit.get("documentChanges", ()) for each in of["edits"]]
    edits += [each for of in edit.get("changes", {}).values() for each in of]
    return [found for each in edits for found in opened_ids(each["newText"])]


class Page:
    """One document of the client, in one position encoding."""

    def __init__(self, uri: str, text: str, encoding: str) -> None:
        self.uri = uri
        self.text = text
        self.version = 1
        self.encoding = encoding

    def position(self, offset: int) -> dict[str, int]:
        starts = self._starts()
        line = bisect_right(starts, offset) - 1
        encoded = self.text[starts[line] : offset].encode(_CODECS[self.encoding])
        return {"line": line, "character": len(encoded) // _UNIT_BYTES[self.encoding]}

    def offset(self, position: dict[str, int]) -> int:
        starts = self._starts()
        if position["line"] >= len(starts):
            return len(self.text)
        start = starts[position["line"]]
        line = _BREAK.split(self.text[start:], maxsplit=1)[0].encode(_CODECS[self.encoding])
        head = line[: position["character"] * _UNIT_BYTES[self.encoding]]
        return start + len(head.decode(_CODECS[self.encoding]))

    def range(self, start: int, end: int) -> dict[str, Any]:
        return {"start": self.position(start), "end": self.position(end)}

    def typed(self, chance: random.Random) -> list[dict[str, Any]]:
        """Type, delete or replace something somewhere; the change to tell of."""
        start = self._place(chance)
        end = start
        if chance.random() < 0.25:
            end = self._outside_break(min(len(self.text), start + chance.randint(1, 12)))
        new = "" if end > start and chance.random() < 0.6 else chance.choice(WORDS)
        if chance.random() < 0.02:
            self.text += new
            self.version += 1
            return [{"text": self.text}]
        change = self._replaced(start, end, new)
        self.version += 1
        return [change]

    def applied(self, edit: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Apply a ``WorkspaceEdit``; the changes to tell of, None where it is for another text."""
        if "documentChanges" in edit:
            (of,) = edit["documentChanges"]
            identifier, edits = of["textDocument"], of["edits"]
            if (identifier["uri"], identifier["version"]) != (self.uri, self.version):
                return None
        else:
            ((uri, edits),) = edit["changes"].items()
            if uri != self.uri:
                return None
        placed = [
            (*map(self.offset, (each["range"]["start"], each["range"]["end"])), each)
            for each in edits
        ]
        # From the end: what stands before an edit keeps its positions.
        placed.sort(key=lambda each: each[:2], reverse=True)
        self.version += 1
        return [self._replaced(start, end, each["newText"]) for start, end, each in placed]

    def _replaced(self, start: int, end: int, new: str) -> dict[str, Any]:
        """Put ``new`` in the place of ``[start, end)``; the change to tell of."""
        where = self.range(start, end)
        # No position stands between CR and LF, where an edit before this one has joined them.
        is_whole = self.offset(where["start"]) != start or self.offset(where["end"]) != end
        self.text = self.text[:start] + new + self.text[end:]
        return {"text": self.text} if is_whole else {"range": where, "text": new}

    def _place(self, chance: random.Random) -> int:
        """Most often in a line that is no marker: few doctors type into those."""
        for _ in range(4):
            offset = self._outside_break(chance.randint(0, len(self.text)))
            line = self.text.rfind("\n", 0, offset) + 1
            if not self.text.startswith("〔", line):
                return offset
        return offset

    def _outside_break(self, offset: int) -> int:
        inside = self.text[max(0, offset - 1) : offset + 1] == "\r\n"
        return offset - 1 if inside else offset

    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.text))]
