"""Takes identifiers out of texts before they leave this machine, and puts them back in the answer.

What is found is `identifiers`' part; what of it is masked a profile says (``[profiles]`` of
``data/identifiers.toml``). docs/privacy.md says what is not found: masked text is not anonymous, so
send it only to a host that may have it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from doctorflan_ls import identifiers
from doctorflan_ls.identifiers import Found

_HAN = re.compile(r"[㐀-鿿]")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_PLACEHOLDER = re.compile(r"\[[^\[\]\d]{1,30}\d+\]")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is masked: every kind but those of ``keep``.

    Of a kind of ``reduced`` the part that says least is left.
    """

    keep: frozenset[str] = frozenset()
    reduced: frozenset[str] = frozenset()


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


def policy(profile: str, keep: Collection[str] = ()) -> Policy:
    """The profile of that name, which keeps ``keep`` too; raises KeyError for one there is not."""
    entry = identifiers.table()["profiles"][profile]
    reduced = frozenset(entry.get("reduced", ())) - frozenset(keep)
    return Policy(frozenset(entry["keep"]) | frozenset(keep), reduced)


def profiles() -> tuple[str, ...]:
    """The names of the profiles."""
    return tuple(identifiers.table()["profiles"])


def mask(texts: Sequence[str], by: Policy | None = None) -> Masked:
    """The texts without the identifiers that were found in any of them.

    A value is masked wherever it stands, also where only another text has its label. ``by`` is the
    profile ``network`` where none is given.
    """
    by = policy("network") if by is None else by
    namer = _Namer(texts, by)
    masked = [
        "".join(_with_placeholders(text, spans, namer))
        for text, spans in zip(texts, located(texts, by), strict=True)
    ]
    advice = identifiers.table()["advice"][namer.language] if namer.originals else ""
    return Masked(tuple(masked), advice, namer.originals)


def located(texts: Sequence[str], by: Policy) -> list[list[Found]]:
    """For each text the identifiers that ``by`` masks, in order, none overlapping another."""
    return identifiers.everywhere(texts, by.keep)


class _Namer:
    """Gives each value its placeholder, none that stands in the texts already."""

    def __init__(self, texts: Sequence[str], by: Policy) -> None:
        self.language = "zh" if any(map(_HAN.search, texts)) else "en"
        self.originals: dict[str, str] = {}
        self._by = by
        self._taken = {name for text in texts for name in _PLACEHOLDER.findall(text)}
        self._given: dict[str, str] = {}
        self._last: dict[str, int] = {}

    def placeholder(self, value: str, kind: str) -> str:
        if kind in self._by.reduced and (less := self._reduced(value, kind)):
            return less
        if value not in self._given:
            word = identifiers.table()["kinds"][kind][self.language]
            while True:
                number = self._last[kind] = self._last.get(kind, 0) + 1
                name = f"[{word}{number}]"
                if name not in self._taken:
                    break
            self._given[value] = name
            self.originals[name] = value
        return self._given[value]

    def _reduced(self, value: str, kind: str) -> str:
        """What may be said of a value; empty where nothing may."""
        if kind == "age_over_89":
            return "90岁以上" if "岁" in value else "90+"
        year = _YEAR.search(identifiers.half_width(value))
        return year[0] + ("年" if "年" in value else "") if year else ""


def _with_placeholders(text: str, spans: Iterable[Found], namer: _Namer) -> Iterator[str]:
    at = 0
    for start, end, kind in spans:
        yield text[at:start]
        yield namer.placeholder(text[start:end], kind)
        at = end
    yield text[at:]
