"""What a check reports, and what may be told to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Edit, Span

Fields = Mapping[str, str | Bilingual]
Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check may say, with places in braces for a finding's fields, and who says so."""

    id: str
    severity: Severity
    text: Bilingual
    source: Bilingual


class Related(NamedTuple):
    """Another place that a finding rests on: ``span`` of the note, or of the note ``other``.

    ``other`` is the place of a note in ``Context.other_notes``; None for the checked note itself.
    """

    span: Span
    text: Bilingual
    other: int | None = None


class Fix(NamedTuple):
    """A mend that is safe to offer: ``edits`` of the note; spans count in the checked note."""

    title: Bilingual
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What ``rule`` reports at ``span``; ``fields`` fill the placeholders of the rule's text.

    ``fields`` may quote the note: a finding goes to the editor and never to a log. A value is in
    both languages where it differs.
    """

    rule: Rule
    span: Span
    fields: Fields = field(default_factory=dict)
    source: Bilingual | None = None
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()

    def moved(self, by: int) -> Finding:
        """The same finding where all its places stand ``by`` code points further on."""
        related = tuple(
            each if each.other is not None else each._replace(span=_moved(each.span, by))
            for each in self.related
        )
        fixes = tuple(
            fix._replace(edits=tuple(Edit(_moved(span, by), text) for span, text in fix.edits))
            for fix in self.fixes
        )
        return Finding(self.rule, _moved(self.span, by), self.fields, self.source, related, fixes)

    def message(self, locale: Locale) -> str:
        """One sentence for the doctor."""
        shown = {
            name: value.in_(locale) if isinstance(value, Bilingual) else value
            for name, value in self.fields.items()
        }
        return self.rule.text.in_(locale).format_map(shown)

    def authority(self, locale: Locale) -> str:
        """Where the rule comes from, with the article where there is one; a plugin's says whose."""
        source = (self.source or self.rule.source).in_(locale)
        package, slash, _ = self.rule.id.partition("/")
        if not slash:
            return source
        return f"{source}（插件 {package}）" if locale == "zh" else f"{source} (plugin {package})"


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)
