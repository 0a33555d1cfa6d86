"""What a check reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from doctorflan_ls.i18n import Locale
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.text import Span

Fields = Mapping[str, str | Bilingual]
Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the settings say about checks.

    ``chief_complaint_max`` is in characters, punctuation counted. ``disabled`` holds rule ids.
    """

    chief_complaint_max: int = 20
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check may say, with places in braces for a finding's fields, and who says so."""

    id: str
    severity: Severity
    text: Bilingual
    source: Bilingual


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
