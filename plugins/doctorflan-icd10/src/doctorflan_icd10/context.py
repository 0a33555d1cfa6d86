"""Candidate codes beside a draft about the diagnosis."""

from __future__ import annotations

from doctorflan_icd10.catalogue import edition, title
from doctorflan_icd10.stated import code_of, stated
from doctorflan_ls.notes.note import Note
from doctorflan_ls.prompts import ContextItem
from doctorflan_ls.tasks.model import Bilingual

TASKS = frozenset({"initial-diagnosis", "definitive-diagnosis", "doctorflan-icd10/coding"})
"""Tasks whose answer is a diagnosis. What a patient is given to read needs no codes."""

_MOST = 6
_TITLE = Bilingual("ICD-10 候选编码（供核对）", "Candidate ICD-10 codes (to be checked)")
_LINE = Bilingual("{name}：{code} {title}", "{name}: {code} {title}")
_MORE = Bilingual("另有 {count} 项诊断未列出", "{count} more diagnoses are not listed")
_SOURCE = Bilingual(
    "WHO ICD-10（2019），{edition}；中文名称：项目自编对照表，非官方译名",
    "WHO ICD-10 (2019), {edition}; names of diagnoses: the project's own table",
)


def candidates(note: Note) -> list[ContextItem]:
    """The codes of the stated diagnoses, each code once; nothing where none has a code."""
    found: dict[str, str] = {}
    for fact in stated(note):
        code = code_of(note, fact)
        if code is not None:
            found.setdefault(code, fact.text)
    if not found:
        return []
    language = note.language
    lines = [
        _LINE.in_(language).format(name=name, code=code, title=title(code))
        for code, name in list(found.items())[:_MOST]
    ]
    if len(found) > _MOST:
        lines.append(_MORE.in_(language).format(count=len(found) - _MOST))
    source = _SOURCE.in_(language).format(edition=edition())
    return [ContextItem(_TITLE.in_(language), "\n".join(lines), source)]
