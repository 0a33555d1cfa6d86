"""How long a finding has lasted, where the note says so right beside it."""

from __future__ import annotations

import re

from doctorflan_ls.text import Span

_NUMBER = r"(?:\d+(?:\.\d+)?(?:\s*[-~～至到]\s*\d+)?|[一二两三四五六七八九十百数几半]+)"
_ZH = rf"{_NUMBER}\s*(?:余|多)?\s*(?:个)?(?:分钟|小时|天|日|周|星期|月|年)(?:余|多|半)?(?!前|以前|内|后|龄)"
_AFTER_ZH = re.compile(rf"(?:病史|史|症状|不适|反复发作|发作|约|已|持续|间断|[（(])*({_ZH})")
_BEFORE_ZH = re.compile(rf"({_ZH})的?$")
_EN_NUMBER = r"(?:\d+(?:\.\d+)?(?:\s*(?:-|to)\s*\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few)"
_EN = rf"{_EN_NUMBER}[- ](?:minute|min|hour|hr|day|week|wk|month|year|yr)s?\b(?! ago| old|-old)"
_AFTER_EN = re.compile(
    rf"\s*(?:[x×]\s*|for (?:the )?(?:past |last )?(?:about |approximately |over )?|of )({_EN}|\d+/(?:7|52|12))", re.I
)
_BEFORE_EN = re.compile(rf"({_EN}|\d+/(?:7|52|12))(?:'s)?\s*(?:history|hx|h/o)?\s*(?:of )?(?:\w+ )?$", re.I)


def duration_near(text: str, span: Span) -> str | None:
    """The duration right after the finding (腹痛3天, chest pain for 2 weeks) or before it."""
    for after in (_AFTER_ZH, _AFTER_EN):
        found = after.match(text, span.end)
        if found:
            return found[1].strip()
    window = text[max(span.start - 40, 0) : span.start]
    for before in (_BEFORE_ZH, _BEFORE_EN):
        found = before.search(window)
        if found:
            return found[1].strip()
    return None
