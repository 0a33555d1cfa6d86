"""A table of points read from TOML, and what is wrong with it, one line for each mistake."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from doctorflan_ls.checks.runaway import can_run_away
from doctorflan_ls.errors import BadSetting
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.headings import section_kind
from doctorflan_ls.score.model import ANY, Cost, Effect, Grade, Item, ScoreTable, VetoItem
from doctorflan_ls.tasks.model import Bilingual

_KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        *("id", "title", "source", "limits", "default", "documents", "start", "grades", "pass"),
        *("item", "veto", "effect"),
    ),
    "item": (
        *("title", "points", "documents", "sections", "missing", "cost", "unknown"),
        "not_judged",
    ),
    "cost": ("rule", "points", "why", "says", "missing", "each"),
    "veto": ("title", "kind", "rules", "missing", "documents"),
    "effect": ("kind", "at_least", "minus", "points", "grade"),
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_NONE = Bilingual("", "")


class Read(NamedTuple):
    """The table, or None where anything was wrong in it: half a table would give wrong points."""

    table: ScoreTable | None
    problems: tuple[BadSetting, ...]


def read_table(name: str, text: str, rules: Collection[str] | None = None) -> Read:
    """The table in ``text``; ``name`` is what problems are told of. Never fails.

    Other rules than ``rules`` are mistakes; None where they are not looked at.
    """
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError):
        return Read(None, (BadSetting("settings.not-toml", path=name, reason="TOML"),))
    reader = _Reader(name, rules)
    table = reader.table(given)
    return Read(None if reader.problems else table, tuple(reader.problems))


class _Reader:
    """Reads values, and keeps what is wrong with them; what cannot be used reads as nothing."""

    def __init__(self, name: str, rules: Collection[str] | None) -> None:
        self._name = name
        self._ids = rules
        self.problems: list[BadSetting] = []

    def table(self, given: Mapping[str, Any]) -> ScoreTable:
        self._known("", given, self._name)
        at = self._name
        return ScoreTable(
            id=self._id(given.get("id")),
            title=self._both(given, "title", at),
            source=self._both(given, "source", at),
            limits=self._both(given, "limits", at) if "limits" in given else _NONE,
            documents=self._documents(given, at, any_too=False),
            items=tuple(self._item(*row) for row in self._rows(given, "item", at)),
            vetoes=tuple(self._veto(*row) for row in self._rows(given, "veto", at)),
            effects=tuple(self._effect(*row) for row in self._rows(given, "effect", at)),
            start=self._number(given, "start", at),
            lowest=self._grades(given.get("grades", {})),
            passing=self._number(given, "pass", at) if "pass" in given else None,
            default=given.get("default") is True,
        )

    def _item(self, row: Mapping[str, Any], at: str) -> Item:
        return Item(
            title=self._both(row, "title", at),
            points=self._number(row, "points", at),
            documents=self._documents(row, at, any_too=True),
            sections=self._sections(row, "sections", at),
            missing=self._rules(row, "missing", at),
            costs=tuple(self._cost(*each) for each in self._rows(row, "cost", at)),
            unknown=self._rules(row, "unknown", at),
            not_judged=self._both(row, "not_judged", at) if "not_judged" in row else None,
        )

    def _cost(self, row: Mapping[str, Any], at: str) -> Cost:
        (rule,) = self._rules({"rule": [row.get("rule")]}, "rule", at) or ("",)
        missing = (
            self._sections({"missing": [row["missing"]]}, "missing", at)
            if ("missing" in row)
            else ()
        )
        return Cost(
            rule=rule,
            points=self._number(row, "points", at),
            why=self._both(row, "why", at),
            says=self._pattern(row, at),
            missing=missing[0] if missing else None,
            each=row.get("each") is True,
        )

    def _veto(self, row: Mapping[str, Any], at: str) -> VetoItem:
        documents = self._documents(row, at, any_too=True) if "documents" in row else (ANY,)
        return VetoItem(
            title=self._both(row, "title", at),
            kind=self._word(row, "kind", at),
            rules=self._rules(row, "rules", at),
            missing=self._sections(row, "missing", at),
            documents=documents,
        )

    def _effect(self, row: Mapping[str, Any], at: str) -> Effect:
        grade = row.get("grade")
        if grade not in (None, "A", "B", "C"):
            self._bad(at, "grade", "A | B | C")
        return Effect(
            kind=self._word(row, "kind", at),
            at_least=int(self._number(row, "at_least", at)),
            minus=self._number(row, "minus", at) if "minus" in row else 0,
            points=self._number(row, "points", at) if "points" in row else None,
            grade=cast("Grade | None", grade),
        )

    def _grades(self, given: object) -> tuple[tuple[Grade, float], ...]:
        if not isinstance(given, Mapping) or given.keys() - {"A", "B"}:
            self._bad(self._name, "grades", "{ A = 90, B = 80 }")
            return ()
        if not given:
            return ()
        high, low = (self._number(given, each, f"{self._name}: grades") for each in "AB")
        if low >= high:
            self._bad(self._name, "grades", "A > B")
        return (("A", high), ("B", low))

    def _rows(
        self, given: Mapping[str, Any], key: str, at: str
    ) -> list[tuple[Mapping[str, Any], str]]:
        rows = given.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(each, Mapping) for each in rows):
            self._bad(at, key, f"[[{key}]]")
            return []
        named = [(row, f"{at}: {key} {number}") for number, row in enumerate(rows, 1)]
        for row, place in named:
            self._known(key, row, place)
        return named

    def _known(self, kind: str, given: Mapping[str, Any], at: str) -> None:
        for key in given:
            if key not in _KEYS[kind]:
                self._unknown(at, key, _KEYS[kind])

    def _id(self, value: object) -> str:
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self._bad(self._name, "id", "A-Z a-z 0-9 _ . -")
            return ""
        return value

    def _both(self, given: Mapping[str, Any], key: str, at: str) -> Bilingual:
        value = given.get(key)
        if (
            not isinstance(value, Mapping)
            or value.keys() != {"zh", "en"}
            or not all(isinstance(each, str) and each.isprintable() for each in value.values())
        ):
            self._bad(at, key, '{ zh = "...", en = "..." }')
            return _NONE
        return Bilingual(**value)

    def _number(self, given: Mapping[str, Any], key: str, at: str) -> float:
        value = given.get(key)
        # Not a number is in no range.
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1000:
            self._bad(at, key, "0..1000")
            return 0
        return value

    def _word(self, given: Mapping[str, Any], key: str, at: str) -> str:
        value = given.get(key)
        if not isinstance(value, str) or not value:
            self._bad(at, key, '"..."')
            return ""
        return value

    def _pattern(self, row: Mapping[str, Any], at: str) -> re.Pattern[str] | None:
        if "says" not in row:
            return None
        try:
            compiled = re.compile(row["says"])
        except (re.error, TypeError):
            compiled = None
        if compiled is None or can_run_away(compiled.pattern):
            self._bad(at, "says", "regular expression")
            return None
        return compiled

    def _documents(self, given: Mapping[str, Any], at: str, *, any_too: bool) -> tuple[str, ...]:
        known = [each.id for each in doctype.doc_types()] + [ANY] * any_too
        return self._names(given, "documents", at, known)

    def _sections(self, given: Mapping[str, Any], key: str, at: str) -> tuple[str, ...]:
        names = self._names(given, key, at, None) if key in given else ()
        for each in names:
            if section_kind(each) is None:
                self._unknown(at, each, ())
        return names

    def _rules(self, given: Mapping[str, Any], key: str, at: str) -> tuple[str, ...]:
        names = self._names(given, key, at, None) if key in given else ()
        for each in names:
            # A plugin's rule is named PACKAGE/RULE, and a plugin may be added later.
            if self._ids is not None and each not in self._ids and "/" not in each:
                self._unknown(at, each, self._ids)
        return names

    def _names(
        self, given: Mapping[str, Any], key: str, at: str, known: Iterable[str] | None
    ) -> tuple[str, ...]:
        value = given.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._bad(at, key, '["...", ...]')
            return ()
        for each in value:
            if known is not None and each not in known:
                self._unknown(at, each, known)
        return tuple(value)

    def _bad(self, where: str, key: str, expected: str) -> None:
        self.problems.append(
            BadSetting("score.bad-value", where=where, name=key, expected=expected)
        )

    def _unknown(self, where: str, key: str, known: Iterable[str]) -> None:
        nearest = ", ".join(get_close_matches(key, list(known), n=1)) or "-"
        self.problems.append(
            BadSetting("score.unknown", where=where, name=key[:60], nearest=nearest)
        )
