"""Agreement of the calculators with the answers of MedCalc-Bench's one-shot notes.

    python -m tests.benchmarks.calculators [--wrong]

Reads the published ``one_shot_finalized_explanation.json`` (a note, its calculator's number, the
answer; CC BY-SA 4.0) from the folder MedCalc-oneshot beside the checkout. A formula agrees within
5 % of the answer, the benchmark's own tolerance. The benchmark takes what a note does not say for
absent; a score here has a range then, which agrees where the answer lies in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from doctorflan_ls.calculators import Result, calculate
from doctorflan_ls.notes.note import parse_note

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "MedCalc-oneshot"
TOLERANCE = 0.05
# The benchmark's numbers of the calculators that both have (its calc_path.json). 26 is Hillier's.
IDS: Mapping[str, str] = {
    "2": "cockcroft-gault",
    "3": "egfr-ckd-epi-2021",
    "4": "cha2ds2-vasc",
    "5": "mean-arterial-pressure",
    "6": "bmi",
    "7": "corrected-calcium",
    "8": "wells-pe",
    "10": "ideal-body-weight",
    "11": "qtc-bazett",
    "13": "due-date",
    "15": "child-pugh",
    "16": "wells-dvt",
    "19": "fib-4",
    "21": "gcs-sum",
    "23": "meld-na",
    "25": "has-bled",
    "26": "corrected-sodium-hillier",
    "30": "osmolality",
    "31": "homa-ir",
    "39": "anion-gap",
    "40": "fena",
    "44": "ldl-friedewald",
    "45": "curb-65",
    "48": "perc",
    "51": "sirs",
    "56": "qtc-fridericia",
    "60": "bsa-mosteller",
    "65": "anion-gap-albumin",
}


class Case(NamedTuple):
    """A note, the calculator of ours that is asked, and the benchmark's answer."""

    calculator: str
    note: str
    answer: Any
    inputs: Mapping[str, Any]


class Verdict(NamedTuple):
    """``outcome`` is right, in range, wrong or not computed."""

    case: Case
    outcome: str
    result: Result | None


def cases() -> Iterator[Case]:
    """The cases of the calculators that both have."""
    for file in sorted(FOLDER.glob("*.json*")):
        for number, row in _rows(file):
            if number in IDS:
                answer = row["Response"]["answer"] if "Response" in row else row["answer"]
                note = row.get("Patient Note") or row["note"]
                yield Case(IDS[number], note, answer, row.get("input_parameters", {}))


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jsonl":
        for line in filter(str.strip, text.splitlines()):
            row = json.loads(line)
            yield str(row.get("Calculator ID") or row.get("calculator_id") or row.get("id")), row
        return
    yield from json.loads(text).items()


def judge(case: Case) -> Verdict:
    """What the note gives for the case's calculator, held against the answer."""
    found = {each.calculator.id: each for each in calculate(parse_note(case.note))}
    result = found.get(case.calculator)
    if result is None or result.low is None or result.high is None:
        return Verdict(case, "not computed", result)
    answer = _number(case.answer)
    margin = 0.0 if result.calculator.items else abs(answer) * TOLERANCE
    if not result.low - margin <= answer <= result.high + margin:
        return Verdict(case, "wrong", result)
    return Verdict(case, "right" if result.complete else "in range", result)


def _number(answer: Any) -> float:
    """An answer as the calculators give it: a day as its ordinal."""
    if isinstance(answer, str) and answer.count("/") == 2:
        month, day, year = map(int, answer.split("/"))
        return float(date(year, month, day).toordinal())
    return float(answer)


def main() -> None:
    """Print the counts, and with ``--wrong`` each case that is not right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true")
    chosen = parser.parse_args()
    verdicts = [judge(case) for case in cases()]
    if not verdicts:
        sys.stdout.write(f"nothing to read in {FOLDER.name}\n")
        return
    for outcome, count in Counter(each.outcome for each in verdicts).most_common():
        sys.stdout.write(f"{outcome:14} {count}\n")
    if chosen.wrong:
        for each in verdicts:
            if each.outcome not in ("right", "in range"):
                sys.stdout.write(_told(each) + "\n")


def _told(verdict: Verdict) -> str:
    case, result = verdict.case, verdict.result
    given = {} if result is None else {each.name: round(each.value, 2) for each in result.inputs}
    lacking = [] if result is None else [each.en for each in result.missing]
    value = None if result is None else (result.low, result.high)
    return (
        f"{verdict.outcome}: {case.calculator} answer {case.answer} got {value} from {given}"
        f" without {lacking}; the benchmark used {dict(case.inputs)}"
    )


if __name__ == "__main__":
    main()
