"""A hospital's own file over the rules: severities, words, limits and required parts.

    [rule.ZA-04]
    severity = "information"      # error, warning, information or off
    zh = "..."                    # the message, with the same places in braces
    source = { zh = "本院病历书写规定第5条", en = "..." }

    [doc_type.discharge_record]
    required = ["admission_date", "discharge_date", "hospital_course"]

    [data.context.limits]         # any table of a file of data/rules/
    discharge_hours = 24

What is wrong in it is said, one line for each mistake, and the rest of it stands.
"""

from __future__ import annotations

import math
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from doctorflan_ls.checks.model import Severity
from doctorflan_ls.checks.runaway import can_run_away
from doctorflan_ls.checks.table import RuleTable, made, rule_files
from doctorflan_ls.errors import BadSetting
from doctorflan_ls.notes import doctype
from doctorflan_ls.notes.headings import section_kind, title
from doctorflan_ls.notes.note import parse_note

_SEVERITIES = (*get_args(Severity), "off")
_KEYS = ("severity", "zh", "en", "source")
_TABLES = ("rule", "doc_type", "data")
# A place that is to be filled up to thousands of letters: memory for one message.
_WIDE = re.compile(r"\{[^{}]*:[^{}]*(?:\d{4}|\{)")


class Overlaid(NamedTuple):
    """The table that comes of the files, and what was wrong in them."""

    table: RuleTable
    problems: tuple[BadSetting, ...]


def overlaid(texts: Mapping[str, str]) -> Overlaid:
    """The rules with the files ``texts``, TOML by name, laid over them, the later over the former.

    Never fails: what cannot be used is left out and reported.
    """
    files = rule_files()
    parts_of: dict[str, list[str]] = {}
    problems: list[BadSetting] = []
    for name, text in texts.items():
        try:
            given = tomllib.loads(text)
        except (ValueError, RecursionError):
            problems.append(BadSetting("settings.not-toml", path=name, reason="TOML"))
            continue
        problems.extend(_laid(name, given, files, parts_of))
    try:
        table = made(files, parts_of)
        _try(table)
        return Overlaid(table, tuple(problems))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, re.error):
        # A table that no longer has the form its check needs: nothing of the files is used.
        bad = BadSetting("rules.unusable", path=", ".join(texts))
        return Overlaid(made(rule_files()), (*problems, bad))


def _try(table: RuleTable) -> None:
    """Run the checks over a note of each type with ``table``; raises whatever they raise."""
    from doctorflan_ls.checks.options import CheckOptions  # noqa: PLC0415  (which needs a table)
    from doctorflan_ls.checks.run import check  # noqa: PLC0415

    for row in doctype.doc_types():
        for finding in check(parse_note(_sample(row)), CheckOptions(table=table)):
            for locale in ("zh", "en"):
                finding.message(locale)


def _sample(row: doctype.DocType) -> str:
    """A record of this type with every part, little in it, and times and drugs."""
    language = row.language
    parts = "\n".join(f"{title(part, language)}：{_WORDS[language]}" for part in row.required)
    return (
        f"---\nadmission_time: 2024-03-05 08:00\nrecord_time: 2024-03-08 08:00\nseverity: 病危\n"
        f"surgery_end_time: 2024-03-06 08:00\nrequest_time: 2024-03-05\nother_notes:\n"
        f"  - {{doc_type: 病程记录, record_time: 2024-03-05, text: {_WORDS['zh']}}}\n---\n"
        f"{(*row.zh, *row.en)[0]}\n{parts}\n"
    )


_WORDS = {
    "zh": "患者，男，45岁，左侧胸痛3天，T 36.5℃，阿莫西林0.5g 口服，血钾 3.9mmol/L，XXX",
    "en": "45-year-old man, left chest pain for 3 days, T 98.6 F, amoxicillin 500 mg QD, ___",
}


def _laid(
    name: str,
    given: Mapping[str, Any],
    files: dict[str, dict[str, Any]],
    parts_of: dict[str, list[str]],
) -> Iterator[BadSetting]:
    for table in given.keys() - set(_TABLES):
        yield _unknown(name, table, _TABLES)
    rows = {row["id"]: row for each in files.values() for row in each.get("rule", ())}
    for rule_id, change in _tables(given.get("rule")):
        if rule_id not in rows:
            yield _unknown(name, f"rule.{rule_id}", [f"rule.{each}" for each in rows])
        else:
            yield from _changed(f"{name}: rule.{rule_id}", rows[rule_id], change)
    for type_id, change in _tables(given.get("doc_type")):
        yield from _required(name, type_id, change, parts_of)
    for stem, change in _tables(given.get("data")):
        if stem not in files:
            yield _unknown(name, f"data.{stem}", [f"data.{each}" for each in files])
        else:
            yield from _merged(f"{name}: data.{stem}", files[stem], change)


def _changed(where: str, row: dict[str, Any], change: Mapping[str, Any]) -> Iterator[BadSetting]:
    for key, value in change.items():
        if key not in _KEYS:
            yield _unknown(where, key, _KEYS)
        elif key == "severity" and value not in _SEVERITIES:
            yield BadSetting(
                "rules.bad-value", where=where, name=key, expected=" | ".join(_SEVERITIES)
            )
        elif key in ("zh", "en") and not (isinstance(value, str) and _fits(value, row[key])):
            places = " ".join(f"{{{each}}}" for each in sorted(_places(row[key])))
            yield BadSetting("rules.bad-value", where=where, name=key, expected=f'"... {places}"')
        elif key == "source" and not _is_bilingual(value):
            yield BadSetting("rules.bad-value", where=where, name=key, expected="{ zh, en }")
        else:
            row[key] = value


def _required(
    name: str, type_id: str, change: Mapping[str, Any], parts_of: dict[str, list[str]]
) -> Iterator[BadSetting]:
    known = [each.id for each in doctype.doc_types()]
    if type_id not in known:
        yield _unknown(name, f"doc_type.{type_id}", [f"doc_type.{each}" for each in known])
        return
    parts = change.get("required")
    if not isinstance(parts, list):
        where = f"{name}: doc_type.{type_id}"
        yield BadSetting("rules.bad-value", where=where, name="required", expected='["hpi", ...]')
        return
    for part in parts:
        if section_kind(str(part)) is None:
            yield _unknown(f"{name}: doc_type.{type_id}", str(part), ())
    parts_of[type_id] = [str(part) for part in parts if section_kind(str(part)) is not None]


def _merged(where: str, old: dict[str, Any], new: Mapping[str, Any]) -> Iterator[BadSetting]:
    for key, value in new.items():
        if key not in old or key == "rule":
            yield _unknown(where, key, [each for each in old if each != "rule"])
        elif isinstance(old[key], dict) and isinstance(value, Mapping):
            yield from _merged(f"{where}.{key}", old[key], value)
        elif not _alike(value, old[key]):
            yield BadSetting("rules.bad-value", where=where, name=key, expected=_kind(old[key]))
        elif isinstance(value, str) and not _is_pattern(value):
            yield BadSetting("rules.bad-value", where=where, name=key, expected="regex")
        elif any(map(_WIDE.search, _texts(value))):
            yield BadSetting("rules.bad-value", where=where, name=key, expected='"... {}"')
        elif any(map(can_run_away, _texts(value))):
            yield BadSetting("rules.runaway", where=where, name=key)
        else:
            old[key] = value


def _is_pattern(value: str) -> bool:
    try:
        re.compile(value)
    except re.error:
        return False
    return True


def _texts(value: object) -> Iterator[str]:
    """Every text in ``value``, at any depth: which of them are patterns only the checks know."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _alike(new: object, old: object) -> bool:
    numbers = (int, float)
    if isinstance(old, numbers) and not isinstance(old, bool):
        return isinstance(new, numbers) and not isinstance(new, bool) and math.isfinite(new)
    if isinstance(new, list) and isinstance(old, list) and old:
        return all(type(each) is type(old[0]) for each in new)
    return type(new) is type(old)


def _kind(value: object) -> str:
    names = {dict: "table", list: "[...]", str: '"..."', bool: "true | false"}
    return names.get(type(value), "number")


def _tables(given: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield str(key), value if isinstance(value, Mapping) else {}


def _fits(new: str, old: str) -> bool:
    """True where ``new`` has no place that ``old`` has not: nothing else would fill it."""
    if _WIDE.search(new):
        return False
    try:
        new.format_map(dict.fromkeys(_places(old), ""))
    except (ValueError, KeyError, IndexError, AttributeError):
        return False
    return _places(new) <= _places(old)


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _is_bilingual(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == {"zh", "en"}
        and all(isinstance(each, str) for each in value.values())
    )


def _unknown(where: str, key: str, known: Any) -> BadSetting:  # noqa: ANN401
    nearest = get_close_matches(key, list(known), n=1)
    return BadSetting("rules.unknown", where=where, name=key, nearest=", ".join(nearest) or "-")
