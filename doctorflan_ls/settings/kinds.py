"""The kinds of value a setting takes: what is accepted, how it is typed, its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

# What `doctorflan_ls.audit.Event` takes.
_IDENTIFIER = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,119})?")


class Unfit(ValueError):
    """A value is not of the setting's kind."""


class Kind(Protocol):
    """What all kinds can do."""

    @property
    def expected(self) -> str:
        """What is accepted, in a form that needs no translation."""

    def accept(self, value: object) -> object:
        """``value`` as the settings hold it; raises Unfit."""

    def from_text(self, text: str) -> object:
        """The value that ``text`` means in a variable or on the command line; raises Unfit."""

    def schema(self) -> dict[str, object]:
        """The JSON Schema of the value."""


@dataclass(frozen=True, slots=True, init=False)
class Choice:
    """One word of a few."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)

    @property
    def expected(self) -> str:
        """The words."""
        return " | ".join(self.words)

    def accept(self, value: object) -> object:
        """Exactly one of the words."""
        if value not in self.words:
            raise Unfit
        return value

    def from_text(self, text: str) -> object:
        """Capitals do not matter in a variable."""
        return text.strip().lower()

    def schema(self) -> dict[str, object]:
        """An enumeration."""
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    @property
    def expected(self) -> str:
        """The two values."""
        return "true | false"

    def accept(self, value: object) -> object:
        """A boolean."""
        if not isinstance(value, bool):
            raise Unfit
        return value

    def from_text(self, text: str) -> object:
        """``true`` or ``false``, or as people write them in a shell."""
        return {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}.get(
            text.strip().lower(), text
        )

    def schema(self) -> dict[str, object]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """An integer from ``low`` to ``high``, both included."""

    low: int
    high: int

    @property
    def expected(self) -> str:
        """The range."""
        return f"{self.low}..{self.high}"

    def accept(self, value: object) -> object:
        """An integer; editors that know only numbers send 20.0."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit
        if not self.low <= value <= self.high:
            raise Unfit
        return value

    def from_text(self, text: str) -> object:
        """Decimal digits."""
        try:
            return int(text)
        except ValueError:
            raise Unfit from None

    def schema(self) -> dict[str, object]:
        """An integer with bounds."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Number:
    """A number from ``low`` to ``high``, both included."""

    low: float
    high: float

    @property
    def expected(self) -> str:
        """The range."""
        return f"{self.low}..{self.high}"

    def accept(self, value: object) -> object:
        """A finite number."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Unfit
        # Not a number is in no range.
        if not self.low <= value <= self.high:
            raise Unfit
        return float(value)

    def from_text(self, text: str) -> object:
        """Decimal digits with a point."""
        try:
            return float(text)
        except ValueError:
            raise Unfit from None

    def schema(self) -> dict[str, object]:
        """A number with bounds."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Line:
    """Any text without line breaks and control characters; may be empty."""

    @property
    def expected(self) -> str:
        """The form in a file."""
        return '"..."'

    def accept(self, value: object) -> object:
        """A string."""
        if not isinstance(value, str) or not value.isprintable():
            raise Unfit
        return value

    def from_text(self, text: str) -> object:
        """As it stands."""
        return text

    def schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier as events may hold one, or nothing."""

    @property
    def expected(self) -> str:
        """The form."""
        return "A-Z a-z 0-9 . _ : / @ + -, 1..120"

    def accept(self, value: object) -> object:
        """A string of that form, or an empty one."""
        if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
            raise Unfit
        return value

    def from_text(self, text: str) -> object:
        """As it stands."""
        return text

    def schema(self) -> dict[str, object]:
        """A string with a pattern."""
        return {"type": "string", "pattern": f"^{_IDENTIFIER.pattern}$"}


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names."""

    @property
    def expected(self) -> str:
        """The form in a file."""
        return '["...", ...]'

    def accept(self, value: object) -> object:
        """A list of strings that are not empty."""
        if not isinstance(value, list | tuple):
            raise Unfit
        if not all(isinstance(name, str) and name for name in value):
            raise Unfit
        return tuple(value)

    def from_text(self, text: str) -> object:
        """Names between commas."""
        return [name.strip() for name in text.split(",") if name.strip()]

    def schema(self) -> dict[str, object]:
        """An array of strings."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}


@dataclass(frozen=True, slots=True)
class Table:
    """A table from text to text."""

    @property
    def expected(self) -> str:
        """The form in a file."""
        return '{ "..." = "...", ... }'

    def accept(self, value: object) -> object:
        """A mapping of strings to strings; TOML reads an unquoted ``a.b`` as a table in a table."""
        if not isinstance(value, Mapping):
            raise Unfit
        flat: dict[str, str] = {}
        for name, inner in value.items():
            within = inner if isinstance(inner, Mapping) else {"": inner}
            for below, text in within.items():
                if not all(isinstance(part, str) for part in (name, below, text)):
                    raise Unfit
                flat[f"{name}.{below}" if below else name] = text
        return MappingProxyType(flat)

    def from_text(self, text: str) -> object:
        """``name=value`` pairs between commas."""
        pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
        if not all(sign and name.strip() for name, sign, _ in pairs):
            raise Unfit
        return {name.strip(): value.strip() for name, _, value in pairs}

    def schema(self) -> dict[str, object]:
        """An object with string values."""
        return {"type": "object", "additionalProperties": {"type": "string"}}
