"""A task as data: what a doctor may ask of a note, and how the answer is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from doctorflan_ls.i18n import Locale
from doctorflan_ls.notes.model import FactKind

Phase = Literal["pre-diagnosis", "diagnosis", "treatment", "post-treatment", "any"]
Origin = Literal["verified", "assumed", "plugin"]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def in_(self, language: Locale) -> str:
        """The words in ``language``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Element:
    """One required part of a task's answer.

    ``sources`` are selectors, tried all, that say where the skeleton finds its statements
    (``section:hpi``, ``facts:lab?flag=H,L,POS``, ``rank:departments`` ...; docs/tasks.md lists
    them). ``ask`` is the placeholder where the note has nothing: what the doctor should fill in.
    ``knowledge`` marks a part that needs medical knowledge no note holds: the skeleton leaves it
    to the doctor and says so. An ``optional`` part is left out where the note has nothing for it.
    """

    key: str
    title: Bilingual
    ask: Bilingual
    sources: tuple[str, ...] = ()
    knowledge: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``category`` is the dataset's name; ``origin`` says if that name was verified.

    ``sections`` and ``doc_types`` are the canonical ids the task is offered in; empty means
    anywhere. ``needs`` are the kinds of facts it reads. ``pinyin`` are the initials of the Chinese
    title, for typing it after ``/``.
    """

    id: str
    category: str
    origin: Origin
    phase: Phase
    title: Bilingual
    description: Bilingual
    instruction: Bilingual
    pinyin: str
    elements: tuple[Element, ...]
    sections: tuple[str, ...] = ()
    doc_types: tuple[str, ...] = ()
    needs: tuple[FactKind, ...] = ()
