"""How much of what is wrong in a draft grounding finds, and how often it is wrong itself.

Summaries of the licensed notes that are true (the skeleton's, and the notes' own sentences) are
corrupted in one place each, at places found by patterns of this file and not by the parser. A
corruption is found where a finding that was not there before has one of the changed characters.
False alarms are counted on the true summaries and, apart, on what people wrote of the same notes.

    python -m tests.benchmarks.grounding [--json] [--seed 7] [--show]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from doctorflan_ls.drafts import DraftBuilder, Provenance
from doctorflan_ls.grounding import ground
from doctorflan_ls.models.skeleton.compose import compose
from doctorflan_ls.notes.facts import vocabulary
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.notes.sentences import sentences
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span
from tests.corpora import DATA, notes_of

KINDS = ("value", "unit", "dose", "drug", "diagnosis", "date", "side", "negation")
_EACH = 60
_UNITS = {
    "zh": {
        "mg": "g",
        "cm": "mm",
        "mm": "cm",
        "天": "周",
        "日": "周",
        "年": "月",
        "个月": "年",
        "小时": "天",
        "ml": "L",
        "mmol/L": "μmol/L",
        "g/L": "mg/L",
        "℃": "℉",
        "mmHg": "kPa",
    },
    "en": {
        "mg": "g",
        "cm": "mm",
        "mm": "cm",
        "days": "weeks",
        "weeks": "months",
        "months": "years",
        "years": "months",
        "hours": "days",
        "mL": "L",
        "mg/dL": "mg/L",
        "mmHg": "kPa",
        "mcg": "mg",
    },
}
_NEGATIONS = {
    "zh": [
        ("否认", "有"),
        ("未闻及", "可闻及"),
        ("未触及", "可触及"),
        ("未见", "可见"),
        ("无", "有"),
    ],
    "en": [
        ("denies", "reports"),
        ("Denies", "Reports"),
        ("denied", "reported"),
        ("without", "with"),
        ("No ", "Positive for "),
        (" no ", " "),
    ],
}
_NUMBER = re.compile(
    r"(?<![\d.A-Za-z/:-])\d+(?:\.\d+)?(?=\s?(?:×|x ?10|mg|g\b|g/|ml|mL|cm|mm|℃|°|%|％|次|/分|天"
    r"|日(?!\d)|年(?!\d)|个月"
    r"|小时|岁|周|U/L|mmol|μmol|umol|days?|weeks?|months?|years?|hours?|bpm|beats|degrees|percent|pounds|lbs"
    r"|-year|/min))"
)
_DOSE = re.compile(
    r"(?<![\d.])\d+(?:\.\d+)?(?=\s?(?:mg|g|ug|μg|mcg|ml|mL|U|units?|片|粒|tablets?)(?![A-Za-z/]))"
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-./年]\s?\d{1,2}[-./月]\s?\d{1,2}|\d{1,2}月\d{1,2}日|\d{1,2}/\d{1,2}/(?:19|20)?\d\d"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{1,2}(?:, \d{4})?"
)


class Summary(NamedTuple):
    """A true ``text`` about ``note``."""

    name: str
    note: Note
    text: str


class Change(NamedTuple):
    """A summary's text with ``span`` of it corrupted."""

    text: str
    span: Span


def skeleton(note: Note, task_id: str = "case-summary") -> str:
    """The skeleton's draft, without its gaps."""
    task = get_task(task_id)
    whole = Span(0, len(note.text))
    origin = Provenance(task_id, "skeleton", "", "", 0, whole, "", note.language)
    builder = DraftBuilder("bench", origin)
    for chunk in compose(Prompt(task, note, whole, note.language)):
        builder.add(chunk)
    draft = builder.draft("ready")
    kept = list(draft.text)
    for gap in draft.gaps:
        kept[gap.span.start : gap.span.end] = [""] * (gap.span.end - gap.span.start)
    return "".join(kept)


def extract(note: Note, rng: random.Random) -> str:
    """Some of the note's own sentences, in order."""
    text = str(note.text)
    found = [
        text[slice(*span)] for span in sentences(text, 0, len(text)) if span.end - span.start > 8
    ]
    chosen = sorted(rng.sample(range(len(found)), min(len(found), 8)))
    return "\n".join(found[at] for at in chosen)


def summaries(language: str, rng: random.Random) -> list[Summary]:
    """The true summaries of the corpora in ``language``."""
    names = {
        "zh": ("CMB-Clin", "MTCMB-TCM"),
        "en": ("ACI-Bench", "cTAKES", "PriMock57", "MTS-Dialog"),
    }
    made = []
    for name in names[language]:
        for text in notes_of(name)[:120]:
            if len(text) < 200:
                continue
            note = parse_note(text)
            made.append(Summary(f"{name} skeleton", note, skeleton(note)))
            made.append(Summary(f"{name} extract", note, extract(note, rng)))
    return made


def people(language: str) -> Iterator[Summary]:
    """What people wrote of notes; not all of it stands in the note."""
    if language == "zh":
        for row in _rows("CMB-Clin/cases.jsonl"):
            note = parse_note(row["description"])
            for pair in row["QA_pairs"]:
                found = _basis(pair["question"], pair["answer"])
                if found:
                    yield Summary("CMB-Clin answers (people)", note, found)
        return
    for row in _rows("ACI-Bench/encounters.jsonl"):
        head, mark, tail = row["note"].partition("ASSESSMENT AND PLAN")
        first = "\n".join(line for line in tail.strip().split("\n") if line.strip())[:4000]
        if mark and first:
            lines = [
                line
                for line in first.split("\n")
                if "Reasoning" in line or line == first.split("\n")[0]
            ]
            yield Summary("ACI-Bench reasoning (people)", parse_note(head), "\n".join(lines))
    for row in _rows("MTS-Dialog/dialogs.jsonl")[:300]:
        yield Summary(
            "MTS-Dialog of dialogue (people)", parse_note(row["dialogue"]), row["section_text"]
        )


def _basis(question: str, answer: str) -> str:
    """The part of an answer that retells the record."""
    if question.startswith("分析本例病人的病史"):
        return answer
    if "诊断依据" in question:
        found = re.search(r"诊断依据：?(.*?)(?:[（(]\d[）)]鉴别诊断|鉴别诊断|$)", answer, re.DOTALL)
        return found[1] if found else ""
    return ""


def _rows(path: str) -> list[dict[str, Any]]:
    lines = (DATA / path).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


# --- Corruptions ---


def corrupt(kind: str, summary: Summary, language: str, rng: random.Random) -> Change | None:
    """``summary`` corrupted in one place, or None where it has none for ``kind``."""
    return _MAKERS[kind](summary, language, rng)


def _replaced(text: str, span: Span, by: str) -> Change:
    return Change(
        text[: span.start] + by + text[span.end :], Span(span.start, span.start + len(by))
    )


def _number(text: str, found: re.Match[str], rng: random.Random) -> Change:
    old = found[0]
    decimals = len(old.partition(".")[2])
    new = old
    while float(new) == float(old):
        factor = rng.choice((0.5, 0.7, 0.8, 1.2, 1.3, 1.5, 2.0))
        new = f"{float(old) * factor + (rng.choice((1, 2)) if not decimals else 0):.{decimals}f}"
    return _replaced(text, Span(*found.span()), new)


def _value(summary: Summary, language: str, rng: random.Random) -> Change | None:
    places = list(_NUMBER.finditer(summary.text))
    return _number(summary.text, rng.choice(places), rng) if places else None


def _dose(summary: Summary, language: str, rng: random.Random) -> Change | None:
    drugs = vocabulary.matches(summary.text, "drug")
    places = [
        found
        for found in _DOSE.finditer(summary.text)
        if any(0 <= found.start() - drug.end <= 14 for drug in drugs)
    ]
    return _number(summary.text, rng.choice(places), rng) if places else None


def _unit(summary: Summary, language: str, rng: random.Random) -> Change | None:
    places = [
        (Span(*found.span(1)), other)
        for unit, other in _UNITS[language].items()
        for found in re.finditer(rf"(?<=\d)\s?({re.escape(unit)})(?![A-Za-z/\d])", summary.text)
        # 2015年 is no number of years.
        if not re.search(r"(?:19|20)\d\d$", summary.text[: found.start()])
    ]
    return _replaced(summary.text, *rng.choice(places)) if places else None


def _terms(kind: str) -> list[vocabulary.Term]:
    return [
        term
        for term, _ in vocabulary.table_terms()
        if term.kind == kind and term.name_en and term.name_zh
    ]


def _term(kind: str) -> Callable[[Summary, str, random.Random], Change | None]:
    def make(summary: Summary, language: str, rng: random.Random) -> Change | None:
        places = [
            found
            for found in vocabulary.matches(summary.text, kind)  # type: ignore[arg-type]
            if found.end - found.start >= 2
        ]
        if not places:
            return None
        place = rng.choice(places)
        said = str(summary.note.text).lower()
        while True:
            term = rng.choice(_terms(kind))
            name = term.name_zh if language == "zh" else term.name_en
            if term.name_zh.lower() not in said and term.name_en.lower() not in said:
                return _replaced(summary.text, place.span, name)

    return make


def _date(summary: Summary, language: str, rng: random.Random) -> Change | None:
    places = list(_DATE.finditer(summary.text))
    if not places:
        return None
    place = rng.choice(places)
    numbers = list(re.finditer(r"\d+", place[0]))
    digits = rng.choice(numbers)
    old = int(digits[0])
    new = old
    while new == old:
        new = rng.randint(1, 12) if old <= 31 else old + rng.choice((-2, -1, 1, 2))
    by = place[0][: digits.start()] + str(new).zfill(len(digits[0])) + place[0][digits.end() :]
    return _replaced(summary.text, Span(*place.span()), by)


def _side(summary: Summary, language: str, rng: random.Random) -> Change | None:
    pattern = (
        r"[左右](?![右旋氧甲])"
        if language == "zh"
        else r"\b(?:left|right)\b(?=[ -](?!now|away|the|after))"
    )
    places = list(re.finditer(pattern, summary.text, re.IGNORECASE))
    places = [each for each in places if not summary.text[: each.start()].endswith("左")]
    if not places:
        return None
    place = rng.choice(places)
    swap = {
        "左": "右",
        "右": "左",
        "left": "right",
        "right": "left",
        "Left": "Right",
        "Right": "Left",
        "LEFT": "RIGHT",
        "RIGHT": "LEFT",
    }
    return _replaced(summary.text, Span(*place.span()), swap[place[0]])


def _negation(summary: Summary, language: str, rng: random.Random) -> Change | None:
    text = summary.text
    places: list[tuple[Span, str]] = []
    for old, new in _NEGATIONS[language]:
        places += [(Span(*found.span()), new) for found in re.finditer(re.escape(old), text)]
    denials = rng.choice(places) if places else None
    found = [
        match
        for match in vocabulary.matches(text, "symptom", "sign")
        if not re.search(r"[无未否]|\b(?:no|not|den)", text[max(match.start - 25, 0) : match.start])
    ]
    if found and (denials is None or rng.random() < 0.4):
        match = rng.choice(found)
        lead = "无" if language == "zh" else "no "
        return _replaced(text, match.span, lead + text[slice(*match.span)])
    if denials is None:
        return None
    change = _replaced(text, *denials)
    # What is denied is what changed its meaning: to the end of the item.
    stop = re.search(r"[，,。.；;、\n]", change.text[change.span.end :])
    end = change.span.end + (stop.start() if stop else 20)
    return change._replace(span=Span(change.span.start, end))


_MAKERS: dict[str, Callable[[Summary, str, random.Random], Change | None]] = {
    "value": _value,
    "unit": _unit,
    "dose": _dose,
    "drug": _term("drug"),
    "diagnosis": _term("diagnosis"),
    "date": _date,
    "side": _side,
    "negation": _negation,
}


# --- Measuring ---


def found_in(change: Change, summary: Summary) -> bool:
    """True where a finding that the true summary has not got touches what was changed."""
    before = Counter(
        (f.rule.id, summary.text[slice(*f.span)]) for f in ground(summary.text, summary.note)
    )
    reach = Span(max(change.span.start - 1, 0), change.span.end + 1)
    for finding in ground(change.text, summary.note):
        key = finding.rule.id, change.text[slice(*finding.span)]
        if finding.span.overlaps(reach) and not before[key]:
            return True
    return False


def sentence_count(text: str) -> int:
    """The statements of ``text``."""
    return sum(1 for _ in sentences(text, 0, len(text)))


def recall(language: str, seed: int, show: bool) -> dict[str, tuple[int, int]]:
    """By kind, how many corruptions were found and how many there were."""
    rng = random.Random(seed)
    made = summaries(language, rng)
    rng.shuffle(made)
    result = {}
    for kind in KINDS:
        found = tried = 0
        for summary in made:
            if tried >= _EACH:
                break
            change = corrupt(kind, summary, language, rng)
            if change is None:
                continue
            tried += 1
            hit = found_in(change, summary)
            found += hit
            if show and not hit:
                around = change.text[max(change.span.start - 40, 0) : change.span.end + 20]
                changed = change.text[slice(*change.span)]
                sys.stdout.write(
                    f"missed {language} {kind} [{summary.name}] {changed!r} in {around!r}\n"
                )
        result[kind] = (found, tried)
    return result


def alarms(made: list[Summary], show: bool) -> dict[str, tuple[int, int, int]]:
    """By source, the errors and warnings on true texts and how many statements they have."""
    result: dict[str, tuple[int, int, int]] = {}
    for summary in made:
        found = ground(summary.text, summary.note)
        errors, warnings, count = result.get(summary.name, (0, 0, 0))
        worst = sum(each.rule.severity == "error" for each in found)
        result[summary.name] = (
            errors + worst,
            warnings + len(found) - worst,
            count + sentence_count(summary.text),
        )
        for finding in found if show else ():
            start, end = finding.span
            before, after = summary.text[max(start - 30, 0) : start], summary.text[end : end + 15]
            around = f"{before}>>{summary.text[start:end]}<<{after}"
            rule, says = finding.rule, finding.fields.get("says", "")
            sys.stdout.write(
                f"alarm [{summary.name}] {rule.id} {rule.severity} {around!r} {says!r}\n"
            )
    return result


def measure(seed: int, show: bool = False) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {}
    for language in ("zh", "en"):
        true = summaries(language, random.Random(seed))
        figures[language] = {
            "recall": recall(language, seed, show),
            "alarms": alarms(true, show),
            "people": alarms(list(people(language)), show),
        }
    return figures


def table(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines."""
    for language, rows in figures.items():
        yield f"{language}: recall by kind of corruption"
        for kind, (found, tried) in rows["recall"].items():
            yield f"  {kind:<10} {found:>4} of {tried:<4} {100 * found / max(tried, 1):6.1f} %"
        found = sum(each[0] for each in rows["recall"].values())
        tried = sum(each[1] for each in rows["recall"].values())
        yield f"  {'all':<10} {found:>4} of {tried:<4} {100 * found / max(tried, 1):6.1f} %"
        for title, key in (("true summaries", "alarms"), ("what people wrote", "people")):
            yield f"{language}: findings on {title}"
            for name, (errors, warnings, size) in rows[key].items():
                yield (
                    f"  {name:<34} {errors:>3} contradictions {warnings:>4} not in the note, in"
                    f" {size:<5} statements: {_percent(errors, size)} {_percent(warnings, size)}"
                )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):6.2f} %"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true", help="each miss and each alarm")
    options = parser.parse_args()
    if not Path(DATA).is_dir():
        sys.exit("the licensed notes are not beside this checkout")
    figures = measure(options.seed, options.show)
    lines = [json.dumps(figures, indent=2)] if options.json else table(figures)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
