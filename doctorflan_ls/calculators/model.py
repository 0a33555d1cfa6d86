"""What a calculator is, and what it gives for a note."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


class Comparison(NamedTuple):
    """``sign`` and ``bound``; an empty sign is always true."""

    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within."""
        return not self.sign or _COMPARISONS[self.sign](value, self.bound)


class Band(NamedTuple):
    """What a result within ``when`` is taken for."""

    when: Comparison
    meaning: Bilingual


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value: the facts it is read from, its unit, and what other units are in it."""

    name: str
    label: Bilingual
    unit: str
    facts: tuple[str, ...]
    factors: Mapping[str, float]
    plausible: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """Something a note says or denies of the patient.

    ``groups`` are fact names of one thing each; the first two of a group name it in Chinese and in
    English, and only their denial denies it: no lung cancer is not no cancer. ``history``: what
    was once counts as present; ``past_only``: only that does; ``possible``: so does what is
    suspected; ``current``: the last that is said decides, the examination's first.
    """

    name: str
    label: Bilingual
    groups: tuple[tuple[str, ...], ...]
    words: str
    none: str
    history: bool
    past_only: bool
    possible: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a score: a condition with its points, a quantity with bands, or parts of which
    the highest counts. ``points`` are the lowest and the highest where it is present."""

    label: Bilingual
    condition: str = ""
    points: tuple[float, float] = (0, 0)
    absent: float = 0
    grades: tuple[tuple[str, float], ...] = ()
    quantity: str = ""
    bands: tuple[tuple[Comparison, float], ...] = ()
    parts: tuple[Item, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Calculator:
    """One calculator: what it needs, what it gives, where it is from and whom it is for.

    A calculator without ``items`` has a formula of its name; ``only`` are quantities that must be
    within a comparison for it to be of use; a result outside ``plausible`` is a slip of the note.
    """

    id: str
    title: Bilingual
    group: str
    unit: str
    digits: int
    formula: Bilingual
    citation: str
    limits: Bilingual
    inputs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    adult: bool = False
    requires: str = ""
    unless: str = ""
    plausible: tuple[float, float] | None = None
    only: tuple[tuple[str, Comparison], ...] = ()
    bands: tuple[Band, ...] = ()
    bands_source: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A value or a finding that a result rests on.

    ``value`` is in ``unit``; a condition is 1 (present) or 0 (denied), sex 1 for female, a date
    its proleptic ordinal. ``span`` is where the note says it, ``others`` where it says another
    value that was not used. ``points`` are what it adds to a score.
    """

    name: str
    label: Bilingual
    value: float
    unit: str
    span: Span
    others: tuple[Span, ...] = ()
    points: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a calculator gives for a note.

    ``value`` is None where something is ``missing``; a score then has a range, ``low`` to
    ``high``, over all that the missing items could be. A date's value is its proleptic ordinal.
    ``because`` is the condition that the calculator is for, as the note says it.
    """

    calculator: Calculator
    value: float | None
    low: float | None
    high: float | None
    inputs: tuple[Input, ...]
    missing: tuple[Bilingual, ...]
    because: Input | None = None

    @property
    def complete(self) -> bool:
        """Whether there is one number."""
        return self.value is not None

    @property
    def unit(self) -> str:
        """The unit of the value and of the range."""
        return self.calculator.unit

    @property
    def formula(self) -> Bilingual:
        """The formula in words."""
        return self.calculator.formula

    @property
    def citation(self) -> str:
        """Where the formula is published, and its bands where that is elsewhere."""
        calculator = self.calculator
        if self.interpretation is None or not calculator.bands_source:
            return calculator.citation
        return f"{calculator.citation}; {calculator.bands_source}"

    @property
    def interpretation(self) -> Bilingual | None:
        """The published band that the whole range lies in; None where it spans several."""
        ends = (self.low, self.high) if self.value is None else (self.value,)
        found = {self._band(each) for each in ends if each is not None}
        band = found.pop() if len(found) == 1 else None
        return None if band is None else band.meaning

    def _band(self, value: float) -> Band | None:
        # As it is shown: 29.96 kg/m2 is written 30.0 and must not be called less than 30.
        shown = round(value, self.calculator.digits)
        return next((each for each in self.calculator.bands if each.when.holds(shown)), None)

    def spans(self) -> tuple[Span, ...]:
        """Where the note says what this rests on."""
        every = self.inputs if self.because is None else (*self.inputs, self.because)
        return tuple(dict.fromkeys(each.span for each in every))
