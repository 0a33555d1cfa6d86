"""Numbers and codes that speak for themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from ipaddress import ip_address

from doctorflan_ls.identifiers.found import Found

# GB 11643-1999 (ISO 7064, MOD 11-2).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_FREE = r"(?<![0-9A-Za-z.\-])"
_END = r"(?![0-9A-Za-z])(?!\.\d)"


def is_identity(number: str) -> bool:
    """True for 18 characters that are an identity card's: by their check digit or by their date.

    One that is mistyped in a single place still tells who it is.
    """
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK_DIGITS[total % 11] == number[-1].upper() or _is_day(number[6:14])


def is_luhn(digits: str) -> bool:
    """True where the last digit is the check digit of ISO/IEC 7812-1 for the others."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def plain_numbers(text: str) -> Iterator[Found]:
    """The numbers of a half-width text; one may be found as two kinds, the likelier first."""
    for kind, pattern, accepts in _patterns():
        for found in pattern.finditer(text):
            group = "value" if "value" in pattern.groupindex else 0
            if accepts(found[group]):
                yield Found(*found.span(group), kind)


def _is_day(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return day.year >= 1850


def _any(_value: str) -> bool:
    return True


def _long_enough(value: str) -> bool:
    return sum(map(str.isdecimal, value)) >= 7


def _card(value: str) -> bool:
    return is_identity(re.sub(r"[ \-]", "", value))


def _old_card(value: str) -> bool:
    return _is_day(f"19{value[6:12]}")


def _bank_card(value: str) -> bool:
    digits = re.sub(r"[ \-]", "", value)
    return is_luhn(digits) and len(set(digits)) > 1


def _iban(value: str) -> bool:
    """ISO 13616: moved by four and read in base 36, the remainder by 97 is 1."""
    code = re.sub(r" ", "", value).upper()
    return int("".join(str(int(letter, 36)) for letter in code[4:] + code[:4])) % 97 == 1


def _vin(value: str) -> bool:
    """ISO 3779: letters, and digits at the end."""
    return any(each.isalpha() for each in value) and value[-4:].isdecimal()


def _address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


_PROVINCE = "京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤琼川贵云陕甘青蒙桂宁新藏"

_NO_MORE = r"(?!\d|\.\d)"
_NONE_BEFORE = r"(?<![\d.])"
_CHINA = r"(?:(?:\+|00)86[ \-]?)?"
# By GB/T and ISO prefixes: UnionPay, Visa, Mastercard, Amex, JCB, Diners, Discover, Maestro.
_CARDS = (
    r"62\d{14,17}|4\d{15,18}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|(?:30[0-5]|36\d|38\d)\d{11}"
    r"|(?:2131|1800)\d{11}|35\d{14}|6(?:011|5\d\d)\d{12}|9\d{15,18}"
    r"|(?:\d{4}[ \-]){3}\d{4}(?:[ \-]?\d{3})?|3[47]\d\d[ \-]\d{6}[ \-]\d{5}"
)
_CARD_IS_SAID = (
    r"(?i:(?<=card )|(?<=card\W\W)|(?<=number )|(?<=number is )|(?<=cc )|(?<=card no )"
    r"|(?<=card # ))|(?<=卡号:)|(?<=卡号)"
)
_CALLED = (
    r"call(?:ed)? (?:\w+ )?(?:on|at)|reach(?:ed|able)? (?:\w+ )?at|answering at|messages to"
    r"|phone (?:is|number is)"
)
_NO_TIME = r"(?!\d|[.,]\d| ?(?:am|pm|a\.m|p\.m|hours|days))"
_HEX = r"[0-9A-Fa-f]{1,4}"

# A pattern's group ``value`` is the number; all of it where there is none.
_PATTERNS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    (
        "id_card",
        r"(?<![0-9A-Za-z])[1-8]\d{5}[ \-]?\d{8}[ \-]?\d{3}[0-9Xx](?![0-9A-Za-z])",
        _card,
    ),
    ("id_card", r"(?<![0-9A-Za-z.])[1-8]\d{14}(?![0-9A-Za-z.])", _old_card),
    ("bank_card", rf"{_FREE}(?:{_CARDS}){_END}", _bank_card),
    ("bank_card", rf"(?:{_CARD_IS_SAID})\d{{12,19}}(?!\d)", _any),
    (
        "bank_account",
        rf"{_FREE}[A-Za-z]{{2}}\d\d(?: ?[A-Za-z0-9]{{4}}){{3,7}}(?: ?[A-Za-z0-9]{{1,3}})?{_END}",
        _iban,
    ),
    ("phone", rf"{_NONE_BEFORE}{_CHINA}1[3-9]\d[ \-]?\d{{4}}[ \-]?\d{{4}}{_NO_MORE}", _any),
    # 010 and 02x have two figures behind the zero, all other areas three.
    (
        "phone",
        (
            rf"{_NONE_BEFORE}{_CHINA}\(?0(?:10|2\d|[3-9]\d{{2}})(?:\)|[ \-]|\) ?-?)?"
            rf"\d{{7,8}}(?:[\-转]\d{{1,6}})?{_NO_MORE}"
        ),
        _any,
    ),
    ("phone", rf"{_NONE_BEFORE}(?:400|800)-\d{{3}}-?\d{{4}}{_NO_MORE}", _any),
    (
        "phone",
        (
            rf"{_NONE_BEFORE}(?:\+?1[\-. ])?(?:\(\d{{3}}\) ?|\d{{3}}[\-.])"
            rf"\d{{3}}[\-.]\d{{4}}{_NO_MORE}"
            r"(?: ?(?:ext\.?|x) ?\d{1,5})?"
        ),
        _any,
    ),
    (
        "phone",
        rf"(?<![\d.+])\+[1-9]\d{{0,2}}(?:[ \-.]?\(?\d{{1,4}}\)?){{2,5}}{_NO_MORE}",
        _long_enough,
    ),
    # British ones, and French ones.
    (
        "phone",
        (
            rf"{_NONE_BEFORE}0(?:7\d{{3}} ?\d{{3}} ?\d{{3}}|1\d{{3}} \d{{5,6}}|20 \d{{4}} \d{{4}}"
            rf"|\d(?:[ .]\d\d){{4}}|\d{{3}}(?: \d\d){{3}}){_NO_MORE}"
        ),
        _any,
    ),
    ("phone", rf"(?i:{_CALLED}) (?P<value>[+(]?\d[\d ().\-]{{5,16}}\d){_NO_TIME}", _long_enough),
    ("ssn", r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])", _any),
    (
        "email",
        (
            r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}"
            r"@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}"
        ),
        _any,
    ),
    ("url", r"(?i:https?://|(?<![\w.])www\.)[^\s<>\"'，。；、（）()]{1,300}", _any),
    ("ip", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", _address),
    ("ip", rf"(?<![\w:])(?:{_HEX}:){{7}}{_HEX}(?![\w:])", _address),
    (
        "plate",
        rf"(?<![A-Za-z])[{_PROVINCE}][A-HJ-NP-Z][·• ]?(?=[A-Z0-9]*\d)[A-HJ-NP-Z0-9]{{5,6}}{_END}",
        _any,
    ),
    ("vehicle", rf"{_FREE}[A-HJ-NPR-Z0-9]{{17}}{_END}", _vin),
)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...]:
    return tuple((kind, re.compile(source), accepts) for kind, source, accepts in _PATTERNS)
