"""A note's points, as the analysis gives them; the contract is ``schemas/analysis.schema.json``."""

from __future__ import annotations

from doctorflan_ls.i18n import Locale, message
from doctorflan_ls.score.model import Grade, NotJudged, Score

_GRADES: dict[Grade, dict[Locale, str]] = {
    "A": {"zh": "甲", "en": "A (甲)"},
    "B": {"zh": "乙", "en": "B (乙)"},
    "C": {"zh": "丙", "en": "C (丙)"},
}


def score_json(score: Score | None, locale: Locale) -> dict[str, object] | None:
    """``score`` with its words in ``locale``; None where no table scores the document."""
    if score is None:
        return None
    table = score.table
    return {
        "table": table.id,
        "title": table.title.in_(locale),
        "source": table.source.in_(locale),
        "limits": table.limits.in_(locale),
        "about": message("score.about", locale, judged=f"{score.judged:g}"),
        "start": table.start,
        "points": score.points,
        "judged": score.judged,
        "grade": score.grade,
        "verdict": _verdict(score, locale),
        "lost": [
            {
                "rule": each.rule,
                "points": each.points,
                "item": each.item.in_(locale),
                "why": each.why.in_(locale),
                "whole": each.whole,
                "span": list(each.span),
            }
            for each in score.lost
        ],
        "vetoes": [
            {
                "rule": each.rule,
                "title": each.title.in_(locale),
                "counts": each.counts,
                "span": list(each.span),
            }
            for each in score.vetoes
        ],
        "unpriced": [
            {"rule": each.rule, "item": each.item.in_(locale), "span": list(each.span)}
            for each in score.unpriced
        ],
        "not_judged": [_not_judged(each, locale) for each in score.not_judged],
    }


def _verdict(score: Score, locale: Locale) -> str | None:
    """The grade or the passing in words, as the table would have it."""
    if score.grade is not None:
        return message("score.grade", locale, name=_GRADES[score.grade][locale])
    if score.is_passed is not None:
        return message("score.passed" if score.is_passed else "score.not-passed", locale)
    return None


def _not_judged(each: NotJudged, locale: Locale) -> dict[str, object]:
    reason = f"score.not-judged-{each.reason}"
    why = message(reason, locale) if each.why is None else each.why.in_(locale)
    return {
        "item": each.item.in_(locale),
        "points": each.points,
        "reason": each.reason,
        "why": why,
    }
