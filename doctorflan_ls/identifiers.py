"""Where a text says who the patient is: labelled fields, and numbers that speak for themselves.

Labels are ``data/identifiers.toml``. `privacy` says what is not found.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Found(NamedTuple):
    """An identifier's span in code points, and its kind: a table of ``[kinds]``."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A kind's labels as a pattern that ends where the value begins."""

    kind: str
    form: str
    pattern: re.Pattern[str]


# Full-width letters, digits and signs have their ASCII form at a fixed distance, one for one.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_HAN = r"[㐀-鿿〇\U00020000-\U0003ffff]"
_LETTER = rf"(?:(?!{_HAN})[^\W\d_])"
# Markdown's stars and a quotation mark may stand around a separator: **姓名：**张三, "Name": "J".
_SEPARATOR = r"[\"'”’*_\] \t]{0,4}[:∶︰=][\"'“‘*_ \t]{0,4}"
_FIELD_END = re.compile(r"[\n\r\t;|]|。| {2,}")

_HAN_NAME = re.compile(rf"{_HAN}+(?:[·•‧・.]{_HAN}+)*|")
_SPACED_NAME = re.compile(rf"{_HAN} {{1,2}}{_HAN}(?=[\s,.]|$)")
_WORD = rf"{_LETTER}(?:{_LETTER}|['’\-])*\.?"
_LATIN_NAME = re.compile(rf"{_WORD}(?:, ?{_WORD})?(?: {_WORD}){{0,3}}")
_MASKED_NAME = re.compile(r"[*×某]|[Xx]{2}|(?<=[㐀-鿿])[Xx]")
_NUMBER = re.compile(r"[(+#]?[A-Za-z0-9*](?:[A-Za-z0-9*._/()+\-]|[ \-](?=[\d(]))*")
_HANDLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{3,}")
_MONTH = r"[A-Za-z]{3,9}\.?"
_DATE = re.compile(
    r"\d{1,4} ?[年./\-] ?\d{1,2}(?: ?[月./\-] ?\d{1,4}(?: ?日)?)?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ \-]{_MONTH},?[ \-]\d{{2,4}}"
    r"|\d{8}|\d{4}年?"
)
_LONGEST_FIELD = 120
_ADDRESS_GOES_ON = re.compile(
    r",[^,。;\n]{0,20}?\d+[^,。;\n]{0,4}(?:号|室|单元|楼|栋|幢|层|村|组|队|户)"
)
_SENTENCE = re.compile(r"(?<!\bSt)(?<!\bAve)(?<!\bRd)(?<!\bDr)(?<!\bBlvd)(?<!\bLn)(?<!\bApt)\. ")

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{5}[ \-]?\d{8}[ \-]?\d{3}[0-9Xx](?![0-9A-Za-z])")
_OLD_IDENTITY = re.compile(r"(?<![0-9A-Za-z.])[1-8]\d{14}(?![0-9A-Za-z.])")
# GB 11643-1999 (ISO 7064, MOD 11-2).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_MOBILE = r"(?<![\d.])(?:(?:\+|00)?86[ \-]?)?1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?!\d|\.\d)"
_LANDLINE = (
    r"(?<![\d.])(?:(?:\+|00)86[ \-]?)?\(?0(?:10|2\d|[3-9]\d{2})(?:\)|[ \-]|\) ?-?)?"
    r"\d{7,8}(?:[\-转]\d{1,6})?(?!\d|\.\d)"
)
_AMERICAN = r"(?<![\d.])(?:\+?1[\-. ])?(?:\(\d{3}\) ?|\d{3}[\-.])\d{3}[\-.]\d{4}(?!\d|\.\d)"
_SOCIAL_SECURITY = r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])"
_EMAIL = (
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}"
    r"@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}"
)
_NUMBERS = (
    ("phone", _MOBILE),
    ("phone", _LANDLINE),
    ("phone", _AMERICAN),
    ("identity", _SOCIAL_SECURITY),
    ("email", _EMAIL),
)


def half_width(text: str) -> str:
    """The same text with full-width ASCII made narrow; every position stays."""
    return text.translate(_HALF_WIDTH)


def find(text: str) -> list[Found]:
    """The labelled fields and the plain numbers of a text, in no order; they may overlap."""
    text = half_width(text)
    return [*_fields(text), *_plain(text)]


@cache
def table() -> dict[str, Any]:
    """``data/identifiers.toml``."""
    source = files("doctorflan_ls").joinpath("data", "identifiers.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _fields(text: str) -> Iterator[Found]:
    for field in _all_fields():
        read = _READERS[field.form]
        for label in field.pattern.finditer(text):
            start = label.end()
            end = _end_of_field(text, start)
            has_sign = any(sign in label[0] for sign in ":∶︰=#")
            span = read(text[start:end], label[0], has_sign) if start < end else None
            if span and not _is_blank(text[start + span[0] : start + span[1]]):
                yield Found(start + span[0], start + span[1], field.kind)


@cache
def _all_fields() -> tuple[_Field, ...]:
    return tuple(
        _Field(kind, entry["form"], _label(entry["labels_zh"], entry["labels_en"], entry["form"]))
        for kind, entry in table()["kinds"].items()
    )


def _label(chinese: Iterable[str], english: Iterable[str], form: str) -> re.Pattern[str]:
    han = "|".join(r"[ \t]*".join(map(re.escape, each)) for each in _longest_first(chinese))
    latin = "|".join(re.escape(each) for each in _longest_first(english))
    # A printed header has 姓名 张三 without a colon; a number may follow its label at once.
    after = {"name": r"[ \t]+(?=\S)", "number": r"[ \t]*(?:[为是][ \t]*)?"}.get(form)
    han_end = f"(?:{_SEPARATOR}|{after})" if after else _SEPARATOR
    latin_end = rf"(?:\.|[ \t]*\([^()\n]{{1,20}}\))?(?:[ \t]*#)?(?:{_SEPARATOR}|[ \t]*#[ \t]*"
    latin_end += r"|[ \t]+(?:is[ \t]+)?(?=[A-Za-z\-]{0,4}\d{4}))" if form == "number" else ")"
    return re.compile(
        rf"(?:{han}){han_end}|(?<![A-Za-z0-9])(?<![A-Za-z][ \t])(?:{latin}){latin_end}",
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
    han_words = "|".join(r"[ \t]*".join(map(re.escape, each)) for each in _longest_first(han))
    latin_words = "|".join(re.escape(each) for each in _longest_first(latin))
    return re.compile(
        rf"(?:{han_words}){_SEPARATOR}|(?<![A-Za-z])(?:{latin_words})\.?(?:{_SEPARATOR}|[ \t]*#)",
        re.IGNORECASE,
    )


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)


def _end_of_field(text: str, start: int) -> int:
    end = min(start + _LONGEST_FIELD, len(text))
    if stop := _FIELD_END.search(text, start, end):
        end = stop.start()
    if label := _next_label().search(text, start, end + 20):
        end = min(end, label.start())
    return end


def _is_blank(value: str) -> bool:
    blank = table()["blank"]
    return value.strip(" ,.()").casefold() in {*blank["zh"], *blank["en"]}


Span = tuple[int, int] | None


def _name(value: str, label: str, has_sign: bool) -> Span:
    found = _SPACED_NAME.match(value) or _HAN_NAME.match(value)
    if found and found[0]:
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
    if re.search(_HAN, value[:20]):
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


_READERS: dict[str, Callable[[str, str, bool], Span]] = {
    "name": _name,
    "number": _number,
    "handle": _handle,
    "date": _date,
    "line": _line,
}


def _plain(text: str) -> Iterator[Found]:
    for found in _IDENTITY.finditer(text):
        if is_identity(re.sub(r"[ \-]", "", found[0])):
            yield Found(*found.span(), "identity")
    for found in _OLD_IDENTITY.finditer(text):
        if _is_day(f"19{found[0][6:12]}"):
            yield Found(*found.span(), "identity")
    for kind, pattern in _numbers():
        for found in pattern.finditer(text):
            yield Found(*found.span(), kind)


@cache
def _numbers() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in _NUMBERS)


def is_identity(number: str) -> bool:
    """True for 18 characters that are an identity card's: by their check digit or by their date.

    One that is mistyped in a single place still tells who it is.
    """
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK_DIGITS[total % 11] == number[-1].upper() or _is_day(number[6:14])


def _is_day(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return day.year >= 1850
