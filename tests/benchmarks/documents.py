"""Documents of any size for every server, and the keys that are typed in them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

# Typed in turn, so that a note's text comes again only after hundreds of keys: what our server
# remembers of a text does not help it here. A small module's may come again, for its servers' good.
_SENTENCES = (
    "患者诉头痛三天，",
    "体温三十八度二，",
    "无胸闷气促不适，",
    "伴恶心呕吐两次，",
    "既往有高血压病，",
)
_NAMES = (
    "olumns_total + self.c",
    "ount - self.c",
    "ount * self.c",
    "olumns_total",
    "ount // self.c",
)
_HEAD = '''"""Stock of a warehouse: movements, counts and prices."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 40

'''
# Valid, and with what linters find now and then: an unused name, a bare except, a long line.
_CLASS = '''
@dataclass
class Shelf{n}:
    """Movements of the goods on shelf {n}."""

    name: str
    columns_total: int = {n}
    count: int = 0
    prices: dict[str, float] = field(default_factory=dict)
    log: list[tuple[str, int]] = field(default_factory=list)

    def book(self, article: str, amount: int, *, price: float | None = None) -> int:
        """Book ``amount`` of an article in, or out where it is negative."""
        if amount == 0:
            return self.count
        self.count += amount
        self.log.append((article, amount))
        if price is not None:
            self.prices[article] = price
        unused_{n} = len(self.log)
        return self.count

    def average(self, since: int = 0) -> float:
        """Mean amount of the movements after the first ``since``."""
        amounts = [amount for _, amount in self.log[since:]]
        chosen = self.c
        return sum(amounts) / len(amounts) if amounts and chosen else 0.0

    def by_article(self) -> dict[str, int]:
        totals: dict[str, int] = defaultdict(int)
        for article, amount in self.log:
            totals[article] += amount
        return dict(sorted(totals.items(), key=lambda row: (row[1] * self.columns_total, row[0])))


def load_{n}(path: Path, shelf: Shelf{n}) -> Shelf{n}:
    """Read movements of shelf {n} from a file of JSON lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except:
            continue
        if shelf.book(row["article"], row["amount"]) > LIMIT:
            break
    return shelf

'''


class Key(NamedTuple):
    """One typed character: the range it replaces, mostly empty, and where the caret is then."""

    start: dict[str, int]
    end: dict[str, int]
    text: str
    after: dict[str, int]


class Document(NamedTuple):
    """A document to type in: ``words`` are typed at ``spots``, carets (line, UTF-16 unit)."""

    language: str
    suffix: str
    text: str
    spots: tuple[tuple[int, int], ...]
    words: tuple[str, ...]

    def keys(self, skip: int = 0) -> Iterator[Key]:
        """Characters without end: a word at one caret, then one at the next.

        The first character of a word replaces what was typed at its caret before, as after a
        selection, so that the document keeps its size.
        """
        written = [0] * len(self.spots)
        number = skip
        while True:
            visit, spot = divmod(number, len(self.spots))
            line, first = self.spots[spot]
            for place, letter in enumerate(self.words[visit % len(self.words)]):
                start = first + place
                end = start if place else first + written[spot]
                yield Key(_at(line, start), _at(line, end), letter, _at(line, start + 1))
                written[spot] = place + 1
            number += 1


def _at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def note_of(size: int) -> str:
    """``size`` bytes of UTF-8: the project's Chinese example notes, one after another."""
    folder = files("doctorflan_ls").joinpath("examples")
    notes = [
        entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.startswith("zh")
    ]
    whole = "\n\n".join(notes) + "\n\n"
    repeated = whole * (size // len(whole.encode()) + 1)
    return repeated.encode()[:size].decode(errors="ignore")


def note(size: int) -> Document:
    """A clinical note; keys go into its long lines from the middle on."""
    text = note_of(size)
    long = [number for number, line in enumerate(text.split("\n")) if len(line) > 20]
    late = long[len(long) // 2 :] or long
    return Document(
        "clinicalnote", "note", text, tuple((line, 10) for line in late[:40]), _SENTENCES
    )


def python(size: int) -> Document:
    """A module of about as many bytes: whole classes; keys name an attribute of ``self``."""
    parts = [_HEAD]
    length = len(_HEAD)
    while True:
        part = _CLASS.format(n=len(parts))
        if length + len(part) > size and len(parts) > 1:
            break
        parts.append(part)
        length += len(part)
    text = "".join(parts)
    lines = [number for number, line in enumerate(text.split("\n")) if line.endswith("= self.c")]
    late = lines[len(lines) // 2 :]
    spots = tuple((line, len("        chosen = self.c")) for line in late[:40])
    return Document("python", "py", text, spots, _NAMES)


def change(uri: str, version: int, key: Key) -> dict[str, Any]:
    """The parameters of ``didChange`` for a key."""
    span = {"start": key.start, "end": key.end}
    return {
        "textDocument": {"uri": uri, "version": version},
        "contentChanges": [{"range": span, "text": key.text}],
    }
