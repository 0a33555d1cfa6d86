"""The patient's sex and age as a note's beginning states them: reference ranges need them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from doctorflan_ls.notes.blocks import CONTEXT, Block, Setting
from doctorflan_ls.notes.facts import demographics
from doctorflan_ls.notes.model import Sex
from doctorflan_ls.notes.sentences import LONGEST

_REACH = 3000
SETTLED = _REACH + CONTEXT + LONGEST
"""An edit beyond this changes nothing: sentences that start past ``_REACH`` are not searched."""


class Patient(NamedTuple):
    """What is known of the patient; None where the note does not say it."""

    sex: Sex | None = None
    age_years: float | None = None


def read_patient(blocks: Iterable[tuple[int, Block, Setting]]) -> Patient:
    """The first sex and the first age that the note's beginning states.

    ``blocks`` come in order, each with its offset and what its sentences are read with.
    """
    sex: Sex | None = None
    age: float | None = None
    for start, block, setting in blocks:
        for at, sentence in block.sentences(setting):
            if start + at >= _REACH or (sex is not None and age is not None):
                return Patient(sex, age)
            for fact in sorted(demographics.find(sentence), key=lambda fact: fact.span):
                if fact.kind == "sex" and sex is None:
                    sex = "male" if fact.value == "male" else "female"
                elif fact.kind == "age" and age is None:
                    age = demographics.age_years(fact)
    return Patient(sex, age)
