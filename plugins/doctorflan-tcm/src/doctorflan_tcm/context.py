"""What the checks find in the note's prescription, beside drafts about drugs that read no herbs."""

from __future__ import annotations

from doctorflan_ls.checks.scope import Scope
from doctorflan_ls.notes.note import Note
from doctorflan_ls.prompts import ContextItem
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_tcm.checks import checks, prescribed

TASKS = frozenset({"contraindication-check", "medication-plan", "treatment-plan"})
"""The server reads single herbs as drugs, if any: no such draft may look like a check of them."""

_MOST = 12
_TITLE = Bilingual("中药配伍与剂量（建议核对）", "Herbs: combination and doses (please check)")
_UNREAD = Bilingual(
    "本草稿未逐味核对中药处方，请逐味核对",
    "this draft did not go through the herbs one by one; please do",
)
_MORE = Bilingual("另有 {count} 项，见病历中的提示", "{count} more: see the findings of the note")
_SOURCE = Bilingual(
    "十八反、十九畏与药典剂量表（凭记忆整理，请核对原书）",
    "traditional incompatibilities and pharmacopoeia doses (compiled from memory; check the book)",
)


def herbs(note: Note) -> list[ContextItem]:
    """One item where the note prescribes herbs: what the checks find in them, or that none did."""
    if not prescribed(note):
        return []
    language = note.language
    scope = Scope(note)
    found = [each.message(language) for check in checks() for each in check.find(scope)]
    lines = [_UNREAD.in_(language), *found[:_MOST]]
    if len(found) > _MOST:
        lines.append(_MORE.in_(language).format(count=len(found) - _MOST))
    return [ContextItem(_TITLE.in_(language), "\n".join(lines), _SOURCE.in_(language))]
