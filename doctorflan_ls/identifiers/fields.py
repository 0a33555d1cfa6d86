"""The values of labelled fields: ``[kinds]`` of ``data/identifiers.toml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from doctorflan_ls.identifiers.found import HAN, Found
from doctorflan_ls.identifiers.names_en import is_english_name
from doctorflan_ls.identifiers.names_zh import has_surname, is_plausible
from doctorflan_ls.identifiers.tables import longest_first, table


@dataclass(frozen=True, slots=True)
class _Field:
    """A kind's labels as a pattern that ends where the value begins."""

    kind: str
    form: str
    pattern: re.Pattern[str]
    words: tuple[str, ...]


_LETTER = rf"(?:(?!{HAN})[^\W\d_])"
# Markdown's stars and a quotation mark may stand around a separator: **姓名：**张三, "Name": "J".
_SEPARATOR = r"[\"'”’*_\] \t]{0,4}[:∶︰=][\"'“‘*_ \t]{0,4}"
_SIGN = re.compile(r"[:∶︰=#]")
_FIELD_END = re.compile(r"[\n\r\t;|]|。| {2,}")

_HAN_NAME = re.compile(rf"{HAN}+(?:[·•‧・.]{HAN}+)*|")
_SPACED_NAME = re.compile(rf"{HAN} {{1,2}}{HAN}(?=[\s,.]|$)")
_WORD = rf"{_LETTER}(?:{_LETTER}|['’\-])*\.?"
_LATIN_NAME = re.compile(rf"{_WORD}(?:, ?{_WORD})?(?: {_WORD}){{0,3}}")
_MASKED_NAME = re.compile(r"[*×某]|[Xx]{2}|(?<=[㐀-鿿])[Xx]")
_NUMBER = re.compile(
    r"[(+#]?[A-Za-z0-9*](?:[A-Za-z0-9*._/()+\-]|[ \-](?=[\d(])(?!(?:19|20)\d\d ?[年\-/.]))*"
)
_HANDLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{3,}")
_MONTH = r"[A-Za-z]{3,9}\.?"
_DATE = re.compile(
    r"\d{1,4} ?[年./\-] ?\d{1,2}(?: ?[月./\-] ?\d{1,4}(?: ?日)?)?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ \-]{_MONTH},?[ \-]\d{{2,4}}"
    r"|\d{8}|\d{4}年?"
)
# A bed, a postal code.
_FEW = re.compile(r"(?=[A-Za-z\-]{0,3}\+?\d)[A-Za-z0-9+\-]{1,10}(?: \d[A-Z]{2})?(?![\w.])床?")
# Drug Name is no name; "my licence number" is a number.
_WHOSE = "(?:" + "|".join(rf"(?<=\b{each} )" for each in ("my", "his", "her", "the", "your")) + ")"
_LONGEST_FIELD = 120
_ADDRESS_GOES_ON = re.compile(
    r",[^,。;\n]{0,20}?\d+[^,。;\n]{0,4}(?:号|室|单元|楼|栋|幢|层|村|组|队|户)"
)
_SENTENCE = re.compile(r"(?<!\bSt)(?<!\bAve)(?<!\bRd)(?<!\bDr)(?<!\bBlvd)(?<!\bLn)(?<!\bApt)\. ")


def labelled(text: str) -> Iterator[Found]:
    """The values behind their labels, in a half-width text."""
    compact = _compact(text)
    for field in _all_fields():
        # Most labels stand in no text: looking for words is cheaper than for patterns.
        if not any(word in compact for word in field.words):
            continue
        read = _READERS[field.form]
        for label in field.pattern.finditer(text):
            start = label.end()
            end = _end_of_field(text, start)
            has_sign = any(sign in label[0] for sign in ":∶︰=#")
            span = read(text[start:end], label[0], has_sign) if start < end else None
            if (
                span
                and field.kind == "doctor"
                and not _is_doctor(text[start + span[0] : start + span[1]])
            ):
                continue
            if span and not _is_blank(text[start + span[0] : start + span[1]]):
                yield Found(start + span[0], start + span[1], field.kind)


@cache
def _all_fields() -> tuple[_Field, ...]:
    return tuple(
        _Field(
            kind,
            entry["form"],
            _label(entry["labels_zh"], entry["labels_en"], entry["form"]),
            tuple(map(_compact, [*entry["labels_zh"], *entry["labels_en"]])),
        )
        for kind, entry in table()["kinds"].items()
        if entry["labels_zh"] or entry["labels_en"]
    )


def _is_doctor(value: str) -> bool:
    """False for what else stands behind 医师: and Nurse:, such as what they say."""
    if re.match(HAN, value):
        return has_surname(value) and is_plausible(value)
    return is_english_name(value)


def _compact(text: str) -> str:
    """``text`` in small letters without the blanks that may stand in a label."""
    return text.replace(" ", "").replace("\t", "").lower()


def _label(chinese: Iterable[str], english: Iterable[str], form: str) -> re.Pattern[str]:
    han = (
        "|".join(r"[ \t]*".join(map(re.escape, each)) for each in longest_first(chinese)) or "(?!)"
    )
    latin = "|".join(re.escape(each) for each in longest_first(english)) or "(?!)"
    # A printed header has 姓名 张三 without a colon; a number may follow its label at once.
    after = {"name": r"[ \t]+(?=\S)", "number": r"[ \t]*(?:[为是][ \t]*)?"}.get(form)
    han_end = f"(?:{_SEPARATOR}|{after})" if after else _SEPARATOR
    latin_end = rf"(?:\.|[ \t]*\([^()\n]{{1,20}}\))?(?:[ \t]*#)?(?:{_SEPARATOR}|[ \t]*#[ \t]*"
    latin_end += r"|[ \t]+(?:is[ \t]+)?(?=[A-Za-z\-]{0,4}\d{4}))" if form == "number" else ""
    if form != "number":
        latin_end += r"|[ \t]+is[ \t]+(?=\d))" if form == "short" else ")"
    return re.compile(
        rf"(?:{han}){han_end}"
        rf"|(?<![A-Za-z0-9])(?:(?<![A-Za-z][ \t])|{_WHOSE})(?:{latin}){latin_end}",
        re.IGNORECASE,
    )


@cache
def _next_label() -> re.Pattern[str]:
    """Any label with its separator: a value ends before it."""
    data = table()
    han = [*data["ends"]["zh"]]
    latin = [*data["ends"]["en"]]
    for entry in data["kinds"].values():
        han += entry["labels_zh"]
        latin += entry["labels_en"]
    han_words = "|".join(r"[ \t]*".join(map(re.escape, each)) for each in longest_first(han))
    latin_words = "|".join(re.escape(each) for each in longest_first(latin))
    return re.compile(
        rf"(?:{han_words}){_SEPARATOR}|(?<![A-Za-z])(?:{latin_words})\.?(?:{_SEPARATOR}|[ \t]*#)",
        re.IGNORECASE,
    )


def _end_of_field(text: str, start: int) -> int:
    end = min(start + _LONGEST_FIELD, len(text))
    if stop := _FIELD_END.search(text, start, end):
        end = stop.start()
    if _SIGN.search(text, start, end + 20) and (
        label := _next_label().search(text, start, end + 20)
    ):
        end = min(end, label.start())
    return end


def _is_blank(value: str) -> bool:
    blank = table()["blank"]
    return value.strip(" ,.()").casefold() in {*blank["zh"], *blank["en"]}


Span = tuple[int, int] | None


def _name(value: str, label: str, has_sign: bool) -> Span:
    found = _SPACED_NAME.match(value) or _HAN_NAME.match(value)
    if found and found[0]:
        # 姓名 性别 年龄: the heads of a table.
        if found[0].startswith(tuple(table()["ends"]["zh"])):
            return None
        end = _person_end(found[0], value[found.end() : found.end() + 1])
        return _unmasked(value, end, has_sign=has_sign, most=4)
    found = _LATIN_NAME.match(value)
    if not found or not has_sign:
        return None
    words = found[0]
    # Smith, John is one name; John Smith, Teacher is a name and something else. And "Patient: Well,
    # I ..." opens a line of a dialogue.
    before, comma, _ = words.partition(",")
    named = "name" in label.casefold()
    if comma and (" " in before or not named):
        words = before
    if not named and " " not in words:
        return None
    return _unmasked(value, len(words), has_sign=True, most=60)


def _person_end(run: str, following: str) -> int:
    """Where the name ends in a run of Chinese characters that begins with it."""
    data = table()
    ends = [at for word in data["ends"]["zh"] if (at := run.find(word)) > 0]
    end = min(ends, default=len(run))
    for title in data["titles"]["zh"]:
        if run[:end].endswith(title) and end > len(title) + 1:
            end -= len(title)
    # 张三男45岁
    if end > 2 and following.isdecimal() and run[end - 1] in "男女":
        end -= 1
    return end


def _unmasked(value: str, end: int, *, has_sign: bool, most: int) -> Span:
    if _MASKED_NAME.search(value[: end + 1]) or (not has_sign and not 2 <= end <= most):
        return None
    return (0, end) if end else None


def _number(value: str, _label_text: str, has_sign: bool) -> Span:
    found = _NUMBER.match(value)
    if found is None:
        return None
    number = found[0].rstrip("._/+- (")
    digits = sum(char.isdecimal() for char in number)
    enough = digits >= 1 and len(number) >= 3 if has_sign else digits >= 4
    return (0, len(number)) if enough else None


def _handle(value: str, _label_text: str, _has_sign: bool) -> Span:
    found = _HANDLE.match(value)
    return found.span() if found else None


def _date(value: str, _label_text: str, _has_sign: bool) -> Span:
    found = _DATE.match(value)
    return found.span() if found else None


def _line(value: str, _label_text: str, _has_sign: bool) -> Span:
    end = len(value)
    if re.search(HAN, value[:20]):
        comma = value.find(",")
        while comma >= 0:
            more = _ADDRESS_GOES_ON.match(value, comma)
            if more is None:
                end = comma
                break
            comma = value.find(",", more.end())
    elif stop := _SENTENCE.search(value):
        end = stop.start()
    end = len(value[:end].rstrip(" ,.\"'*"))
    return (0, end) if end >= 2 else None


def _short(value: str, label: str, has_sign: bool) -> Span:
    found = _FEW.match(value) if has_sign or " is" in label else None
    return found.span() if found else None


_READERS: dict[str, Callable[[str, str, bool], Span]] = {
    "name": _name,
    "number": _number,
    "handle": _handle,
    "date": _date,
    "line": _line,
    "short": _short,
}
