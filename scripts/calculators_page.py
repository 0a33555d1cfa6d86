"""The page docs/calculators.md, from the tables of the calculators."""

from __future__ import annotations

from doctorflan_ls.calculators import Calculator, calculators
from doctorflan_ls.calculators.table import conditions, quantities

_HEAD = """# Calculators

What can be calculated from a note, shown over the values it rests on, in `doctorflan/analysis`, by
`doctorflan-ls inspect` and `doctorflan-ls calculate`, and offered as one line to insert (a draft
like any other, to be reviewed).

- Every result names the words of the note that it rests on, its formula, its source and its limits.
  It is a number to be checked, no advice.
- What a note does not say is missing and never taken for absent. A formula with a missing input
  gives no number. A score gives the range that is still possible, and lists what is not said.
- A value told as earlier, of a relative, of another specimen, without a known unit, or outside any
  plausible range is not used. Of several values the last of the examination and results is used;
  the others are listed with the result.
- A calculator for adults is not offered where the note says that the patient is under 18. One that
  belongs to a disease is offered only where the note says it.
- Citations are from memory of the papers and were not looked up one by one.

| id | calculator | inputs | formula | unit | source | limits |
| --- | --- | --- | --- | --- | --- | --- |
"""


def calculators_page() -> str:
    """The page."""
    return _HEAD + "".join(map(_row, calculators()))


def _row(calculator: Calculator) -> str:
    inputs = [quantities()[name].label.en for name in calculator.inputs]
    inputs += [item.label.en for item in calculator.items]
    source = calculator.citation
    if calculator.bands_source:
        source += f"; bands: {calculator.bands_source}"
    limits = calculator.limits.en
    if calculator.requires:
        limits += f"; offered where the note says: {conditions()[calculator.requires].label.en}"
    cells = (
        f"`{calculator.id}`",
        f"{calculator.title.en} / {calculator.title.zh}",
        ", ".join(inputs),
        calculator.formula.en,
        calculator.unit or "-",
        source,
        limits,
    )
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |\n"
