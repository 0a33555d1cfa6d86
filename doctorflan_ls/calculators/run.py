"""All calculators over a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doctorflan_ls.calculators.findings import Findings
from doctorflan_ls.calculators.formulas import formula
from doctorflan_ls.calculators.model import Calculator, Input, Result
from doctorflan_ls.calculators.scope import Scope
from doctorflan_ls.calculators.scores import scored
from doctorflan_ls.calculators.table import calculators, conditions, quantities
from doctorflan_ls.calculators.values import Values, read_values
from doctorflan_ls.notes.facts.lab_table import ADULT_YEARS
from doctorflan_ls.notes.note import Note
from doctorflan_ls.text import Span

_WHOLE = 20_000
_REACH = 8_000
_CHILD_KG = 30


def calculate(note: Note, span: Span | None = None) -> tuple[Result, ...]:
    """What each calculator gives for the values that ``span`` of the note states (None: all of it).

    Only calculators that are for this patient and of whose inputs something is stated. What the
    note does not say is ``missing``, never taken for absent.
    """
    scope = Scope(note, span)
    return tuple(_results(read_values(scope), Findings(scope)))


def around(note: Note, offset: int) -> tuple[Result, ...]:
    """As ``calculate``, of a long note only what stands within some pages of ``offset``."""
    size = len(note.text)
    if size <= _WHOLE:
        return calculate(note)
    return calculate(note, Span(max(offset - _REACH, 0), min(offset + _REACH, size)))


def _results(values: Values, findings: Findings) -> Iterator[Result]:
    known = values.known
    child = _is_child(known)
    for calculator in calculators():
        if (child and calculator.adult) or calculator.unless in known:
            continue
        because = _because(calculator, findings)
        if calculator.requires and because is None:
            continue
        if calculator.items:
            result = scored(calculator, known, findings)
        else:
            result = _computed(calculator, values.together(calculator.inputs))
        if result is not None:
            yield replace(result, because=because)


def _is_child(known: dict[str, Input]) -> bool:
    """Under 18; where no age is told, of a weight that hardly any adult has."""
    age, weight = known.get("age"), known.get("weight")
    if age is not None:
        return age.value < ADULT_YEARS
    return weight is not None and weight.value < _CHILD_KG


def _because(calculator: Calculator, findings: Findings) -> Input | None:
    """The condition that the calculator is for, where the note says it."""
    if not calculator.requires:
        return None
    found = findings.of(calculator.requires)
    if found is None or not found.present:
        return None
    label = conditions()[calculator.requires].label
    return Input(calculator.requires, label, 1, "", found.span)


def _computed(calculator: Calculator, known: dict[str, Input]) -> Result | None:
    """The value of a formula; None where too little is stated or it is not for such values."""
    given = tuple(known[name] for name in calculator.inputs if name in known)
    missing = tuple(quantities()[name].label for name in calculator.inputs if name not in known)
    # The first input is what the calculator is about: a heart rate by itself asks for no QTc.
    if calculator.inputs[0] not in known or len(missing) > len(calculator.inputs) / 2:
        return None
    for name, when in calculator.only:
        if name not in known or not when.holds(known[name].value):
            return None
    if missing:
        return Result(calculator, None, None, None, given, missing)
    compute = formula(calculator.group, calculator.id)
    value = compute(**{each.name: each.value for each in given})
    low, high = calculator.plausible or (float("-inf"), float("inf"))
    if not low <= value <= high:
        return None
    return Result(calculator, value, value, value, given, ())
