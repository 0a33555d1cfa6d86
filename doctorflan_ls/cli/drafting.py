"""Show drafts while they grow: text with numbered evidence, then the evidence and the gaps."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Styled

from doctorflan_ls.cli.console import BAD, GAP, GOOD, HEADING, MARK, QUIET, harmless, width
from doctorflan_ls.cli.opened import Opened
from doctorflan_ls.drafts import Draft, Provenance
from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.text import Span

_QUOTE_COLUMNS = 88
_DIGEST_DIGITS = 12


class Shown:
    """Drafts on ``out``, each as it grows: piece by piece on a terminal, line by line elsewhere."""

    def __init__(self, out: Console, opened: Opened, locale: Locale) -> None:
        self._out = out
        self._opened = opened
        self._locale = locale
        self._id = ""
        self._printed = 0
        self._in_line = False

    def grow(self, draft: Draft, task: Task) -> None:
        """Print what is new of the text; what follows one that failed starts on a new line."""
        text = _marked(draft, _numbered(draft))
        end = len(text)
        if not self._out.is_terminal:
            end = text.plain.rfind("\n") + 1
        self._print(draft, task, text, end)
        if draft.state == "failed":
            self._end_line()

    def end(self, draft: Draft, task: Task) -> None:
        """Print the rest: what each statement rests on, what the note does not say, who says so."""
        numbers = _numbered(draft)
        text = _marked(draft, numbers)
        self._begin(draft, task)
        self._print(draft, task, text, len(text))
        self._in_line = False
        self._out.print()
        _show_evidence(self._out, numbers, self._opened, self._locale)
        _show_gaps(self._out, draft, task, self._locale)
        _show_findings(self._out, draft, self._locale)
        made = provenance_line(draft.provenance)
        self._out.print(message("cli.draft-review", self._locale, model=made), style=HEADING)

    def _begin(self, draft: Draft, task: Task) -> None:
        """Print the title, once."""
        if self._id != draft.id:
            self._id, self._printed = draft.id, 0
            title = f"{task.title.in_(draft.provenance.language)}  "
            self._out.print(Styled(title, HEADING).append(self._opened.name, QUIET))

    def _print(self, draft: Draft, task: Task, text: Styled, end: int) -> None:
        if end > (self._printed if self._id == draft.id else 0):
            self._begin(draft, task)
            self._out.print(text[self._printed : end], end="")
            self._out.file.flush()
            self._in_line = text.plain[end - 1] != "\n"
            self._printed = end

    def _end_line(self) -> None:
        if self._in_line:
            self._out.print()
            self._in_line = False


def provenance_line(origin: Provenance) -> str:
    """Model, version and, where it has them, digest and parameters."""
    parts = [f"{origin.model} {origin.model_version}".strip()]
    if origin.model_digest:
        parts.append(f"sha256 {origin.model_digest[:_DIGEST_DIGITS]}")
    sampling = origin.sampling
    if sampling is not None:
        parts.append(f"max_tokens {sampling.max_tokens}")
        parts.append(f"temperature {sampling.temperature:g}")
        parts.append(f"seed {sampling.seed}")
    return ", ".join(parts)


def _numbered(draft: Draft) -> dict[Span, int]:
    """Each evidence span's number, in the order the draft first rests on it."""
    spans = (at for statement in draft.statements for at in statement.evidence)
    return {span: number for number, span in enumerate(dict.fromkeys(spans), start=1)}


def _marked(draft: Draft, numbers: dict[Span, int]) -> Styled:
    text = Styled()
    shown = harmless(draft.text)
    done = 0
    pieces = [(gap.span, GAP, "") for gap in draft.gaps]
    for statement in draft.statements:
        cited = "".join(f"[{numbers[at]}]" for at in dict.fromkeys(statement.evidence))
        pieces.append((statement.span, "", cited))
    for span, style, cited in sorted(pieces):
        said = shown[max(span.start, done) : span.end]
        tail = said[len(said.rstrip()) :]
        text.append(shown[done : span.start])
        text.append(said.rstrip(), style)
        text.append(cited, MARK)
        text.append(tail)
        done = max(done, span.end)
    return text.append(shown[done:].rstrip("\n"))


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


def _show_findings(out: Console, draft: Draft, locale: Locale) -> None:
    if not draft.findings:
        return
    out.print(message("cli.draft-findings", locale), style=f"{HEADING} {BAD}")
    for found in draft.findings:
        row = Styled(f"  - {found.message(locale)}", BAD)
        row.append(f"  {quoted(draft.text[slice(*found.span)])}", QUIET)
        out.print(row.append(f"  {found.rule.id}; {found.authority(locale)}", QUIET))
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
