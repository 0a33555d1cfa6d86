"""Takes identifiers out of texts before they leave this machine, and puts them back in the answer.

What is found: the value of a labelled field (name, identity card, record, insurance and account
numbers, phone, address, birth date, e-mail; ``data/identifiers.toml``), every further occurrence of
such a value in the texts, and without a label Chinese identity cards, Chinese and North American
phone numbers, US social security numbers and e-mail addresses.

What is not found, and so leaves as it stands: a name that no label introduces (张三，男，45岁) and
those of doctors, relatives and hospitals; a part of a Chinese name, a nickname and a name that is
spelt differently elsewhere; a value on another line than its label; an address, a record number or
an insurance number without its label; dates of treatment; bank cards, number plates, links and what
identifies by being rare. Masked text is not anonymous: send it only to a host that may have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from doctorflan_ls import identifiers
from doctorflan_ls.identifiers import Found

# A shorter number is as likely a measurement.
_SHORTEST_NUMBER = 6
_HAN = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Masked:
    """``texts`` with a placeholder for each identifier: the same value, the same placeholder.

    ``advice`` tells a model to keep the placeholders; empty where there are none.
    """

    texts: tuple[str, ...]
    advice: str = ""
    originals: dict[str, str] = field(default_factory=dict, repr=False)

    def restore(self, text: str) -> str:
        """``text`` with every placeholder replaced by what it stands for."""
        restorer = self.restorer()
        return restorer.push(text) + restorer.finish()

    def restorer(self) -> Restorer:
        """Restores one text that comes in pieces."""
        return Restorer(self.originals)


class Restorer:
    """Puts the originals back into a text that comes in pieces, cut anywhere."""

    def __init__(self, originals: dict[str, str]) -> None:
        self._originals = originals
        self._longest = max(map(len, originals), default=0)
        self._held = ""
        names = "|".join(map(re.escape, originals))
        self._pattern = re.compile(names or r"(?!)")

    def push(self, piece: str) -> str:
        """The text that is certain by now; the beginning of a placeholder is held back."""
        text = self._held + piece
        certain = len(text)
        last = text.rfind("[", max(len(text) - self._longest + 1, 0))
        if last >= 0 and self._may_grow(text[last:]):
            certain = last
        self._held = text[certain:]
        return self._restored(text[:certain])

    def finish(self) -> str:
        """The rest."""
        rest, self._held = self._held, ""
        return self._restored(rest)

    def _may_grow(self, tail: str) -> bool:
        return any(name.startswith(tail) and name != tail for name in self._originals)

    def _restored(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._originals[found[0]], text)


def mask(texts: Sequence[str]) -> Masked:
    """The texts without the identifiers that were found in any of them.

    A value is masked wherever it stands, also where only another text has its label.
    """
    found = [identifiers.find(text) for text in texts]
    values: dict[str, str] = {}
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            values.setdefault(text[span.start : span.end], span.kind)
    again = _occurrences(values)
    namer = _Namer(texts)
    masked = []
    for text, spans in zip(texts, found, strict=True):
        merged = _merged([*spans, *again(text)])
        masked.append("".join(_with_placeholders(text, merged, namer)))
    advice = identifiers.table()["advice"][namer.language] if namer.originals else ""
    return Masked(tuple(masked), advice, namer.originals)


class _Namer:
    """Gives each value its placeholder, none that stands in the texts already."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.language = "zh" if any(map(_HAN.search, texts)) else "en"
        self.originals: dict[str, str] = {}
        self._texts = texts
        self._given: dict[str, str] = {}
        self._last: dict[str, int] = {}

    def placeholder(self, value: str, kind: str) -> str:
        if value not in self._given:
            word = identifiers.table()["kinds"][kind][self.language]
            while True:
                number = self._last[kind] = self._last.get(kind, 0) + 1
                name = f"[{word}{number}]"
                if not any(name in text for text in self._texts):
                    break
            self._given[value] = name
            self.originals[name] = value
        return self._given[value]


def _with_placeholders(text: str, spans: Iterable[Found], namer: _Namer) -> Iterator[str]:
    at = 0
    for start, end, kind in spans:
        yield text[at:start]
        yield namer.placeholder(text[start:end], kind)
        at = end
    yield text[at:]


def _merged(spans: Iterable[Found]) -> list[Found]:
    """The spans in order; those that overlap become one, so that no part of either is left."""
    merged: list[Found] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Found(last.start, max(last.end, span.end), last.kind)
        else:
            merged.append(span)
    return merged


class _Occurrences:
    """Finds known values anywhere in a text."""

    def __init__(self, kinds: dict[str, str]) -> None:
        self._kinds = kinds
        patterns = [
            _anywhere(value, kinds[value]) for value in sorted(kinds, key=len, reverse=True)
        ]
        self._pattern = re.compile("|".join(patterns) or r"(?!)")

    def __call__(self, text: str) -> list[Found]:
        return [Found(*each.span(), self._kinds[each[0]]) for each in self._pattern.finditer(text)]


def _occurrences(values: dict[str, str]) -> _Occurrences:
    wanted: dict[str, str] = {}
    for value, kind in values.items():
        for part in _parts(value, kind):
            wanted.setdefault(part, kind)
    return _Occurrences(wanted)


def _parts(value: str, kind: str) -> Iterator[str]:
    """What of a value tells who it is wherever it stands."""
    if kind != "name":
        if len(value) >= _SHORTEST_NUMBER:
            yield value
        return
    if len(value) >= 2:
        yield value
    if _HAN.match(value):
        # A run that goes on after the name, for want of a comma: 张三因胸痛.
        if len(value) > 4 and "·" not in value:
            yield from (value[:length] for length in (2, 3))
        return
    yield value.upper()
    for word in re.findall(r"[^\W\d_](?:[^\W\d_]|['’\-])+", value):
        if len(word) >= 3 and word[0].isupper():
            yield word
            yield word.upper()
            yield word.capitalize()


def _anywhere(value: str, kind: str) -> str:
    before = r"(?<![A-Za-z0-9])" if value[0].isascii() and value[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if value[-1].isascii() and value[-1].isalnum() else ""
    if kind == "name" and _HAN.match(value):
        words = "|".join(map(re.escape, identifiers.table()["not_before"]["zh"]))
        after = f"(?!{words})"
    return f"{before}{re.escape(value)}{after}"
