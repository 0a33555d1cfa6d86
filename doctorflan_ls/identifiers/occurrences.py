"""Known values wherever they stand again, and the spans of a text in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from doctorflan_ls.identifiers.found import HAN, Found
from doctorflan_ls.identifiers.tables import any_of, table

PERSONS = frozenset({"name", "doctor"})
# A shorter number is as likely a measurement.
_SHORTEST_NUMBER = 6
_BY_FORM = frozenset({"date", "age_over_89", "bed", "zip", "hospital", "organization"})
_HAN = re.compile(HAN)
_LONGEST_HAN_NAME = 4


def everywhere(
    texts: Sequence[str], detect: Callable[[str], list[Found]], keep: Collection[str] = ()
) -> list[list[Found]]:
    """For each text its identifiers in order, none overlapping another, but those of ``keep``.

    A value that one of the texts gives away is found in all of them.
    """
    found = [[each for each in detect(text) if each.kind not in keep] for text in texts]
    values: dict[str, str] = {}
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            values.setdefault(text[span.start : span.end], span.kind)
    again = _occurrences(values)
    return [merged([*spans, *again(text)]) for text, spans in zip(texts, found, strict=True)]


def merged(spans: Iterable[Found]) -> list[Found]:
    """The spans in order; those that overlap become one, so that no part of either is left."""
    result: list[Found] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if result and span.start < result[-1].end:
            last = result[-1]
            result[-1] = Found(last.start, max(last.end, span.end), last.kind)
        else:
            result.append(span)
    return result


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
    if kind in _BY_FORM:
        return
    if kind not in PERSONS:
        if len(value) >= _SHORTEST_NUMBER:
            yield value
        return
    if len(value) >= 2:
        yield value
    if _HAN.match(value):
        # A run that goes on after the name, for want of a comma: 张三因胸痛.
        if len(value) > _LONGEST_HAN_NAME and "·" not in value:
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
    if kind in PERSONS:
        words = table()["not_before"]["zh" if _HAN.match(value) else "en"]
        after += f"(?!{any_of(words)})"
    return f"{before}{re.escape(value)}{after}"
