"""Make drafts and show them: text with numbered evidence, the evidence, the gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text as Styled

from doctorflan_ls.cli.console import GAP, GOOD, HEADING, MARK, QUIET, width
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

_QUOTE_COLUMNS = 88


@contextmanager
def _engine() -> Iterator[Engine]:
    engine = Engine()
    try:
        yield engine
    finally:
        engine.close()


def make_drafts(opened: Opened, tasks: Sequence[Task], language: Locale) -> Iterator[Draft]:
    """One draft for each task; raises the DoctorFlanError that stopped one."""
    with _engine() as engine:
        for task in tasks:
            prompt = Prompt(task, opened.note, opened.whole, language)
            draft = engine.run_sync(Job(task.id, prompt))
            if draft.failure is not None:
                raise draft.failure
            yield draft


def show(out: Console, draft: Draft, task: Task, opened: Opened, locale: Locale) -> None:
    """Print ``draft``: what it says, what each statement rests on, what the note does not say."""
    language = draft.provenance.language
    numbers = _numbered(draft)
    out.print(Styled(f"{task.title.in_(language)}  ", HEADING).append(opened.name, QUIET))
    out.print(_marked(draft, numbers))
    _show_evidence(out, numbers, opened, locale)
    _show_gaps(out, draft, task, locale)
    made = f"{draft.provenance.model} {draft.provenance.model_version}"
    out.print(message("cli.draft-review", locale, model=made), style=HEADING)


def _numbered(draft: Draft) -> dict[Span, int]:
    """Each evidence span's number, in the order the draft first rests on it."""
    spans = (at for statement in draft.statements for at in statement.evidence)
    return {span: number for number, span in enumerate(dict.fromkeys(spans), start=1)}


def _marked(draft: Draft, numbers: dict[Span, int]) -> Styled:
    text = Styled()
    done = 0
    pieces = [(gap.span, GAP, "") for gap in draft.gaps]
    for statement in draft.statements:
        cited = "".join(f"[{numbers[at]}]" for at in dict.fromkeys(statement.evidence))
        pieces.append((statement.span, "", cited))
    for span, style, cited in sorted(pieces):
        said = draft.text[max(span.start, done) : span.end]
        tail = said[len(said.rstrip()) :]
        text.append(draft.text[done : span.start])
        text.append(said.rstrip(), style)
        text.append(cited, MARK)
        text.append(tail)
        done = max(done, span.end)
    return text.append(draft.text[done:].rstrip("\n"))


def _show_evidence(out: Console, numbers: dict[Span, int], opened: Opened, locale: Locale) -> None:
    if not numbers:
        return
    out.print()
    out.print(message("cli.draft-evidence", locale), style=f"{HEADING} {GOOD}")
    for span, number in numbers.items():
        at = message("cli.line", locale, line=opened.line(span.start))
        row = Styled(f"  [{number}]", MARK).append(f" {at}  ", QUIET)
        out.print(row.append(quoted(opened.note.slice(span))))


def _show_gaps(out: Console, draft: Draft, task: Task, locale: Locale) -> None:
    out.print()
    if not draft.gaps:
        return
    titles = {each.key: each.title.in_(draft.provenance.language) for each in task.elements}
    out.print(message("cli.draft-gaps", locale), style=f"{HEADING} {GAP}")
    for gap in draft.gaps:
        row = Styled(f"  - {titles.get(gap.element, gap.element)}", GAP)
        out.print(row.append(f"  {quoted(gap.label)}", QUIET))
    out.print()


def quoted(text: str, columns: int = _QUOTE_COLUMNS) -> str:
    """``text`` on one line, cut where it is wider than ``columns``."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if width(line) <= columns:
        return line
    end = columns
    while width(line[:end]) >= columns:
        end -= 1
    return line[:end] + "…"
