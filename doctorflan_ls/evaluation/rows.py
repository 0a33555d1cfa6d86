"""What a set holds: rows of one question, or of several about one case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.i18n import Locale, message, one_line

RowId = int | str
Form = Literal["single", "multi"]

CASE_TAG = "<病例描述>"
_MOST_DIGITS = 300
_CASE = re.compile(r"<病例描述>\s*[:：]?\s*")


class BadSet(DoctorFlanError):
    """A file of rows that cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a set, at ``number`` (from 1) of its file: a line, or a row of a parquet file.

    A row of one question is the dataset's ``input``; more than one are turns about one case.
    ``category`` is the file's own name, ``task`` the id of the task it stands for; both are empty
    where the file has none or nobody knows it.
    """

    id: RowId
    questions: tuple[str, ...]
    reference: str
    number: int
    category: str = ""
    task: str = ""

    @property
    def form(self) -> Form:
        """How many questions it has."""
        return "single" if len(self.questions) == 1 else "multi"

    @property
    def case(self) -> str:
        """The case alone: what follows the tag, or all of the first question."""
        return case_of(self.questions[0])


@dataclass(frozen=True, slots=True)
class Answered:
    """A row and a model's answer to each of its questions."""

    row: Row
    answers: tuple[str, ...]


class Problem(NamedTuple):
    """What is wrong in a file at row ``row`` (from 1): a message's key and fields."""

    file: str
    row: int
    key: str
    fields: Mapping[str, object]

    def text(self, locale: Locale) -> str:
        """One line: the file, the row and what is wrong; nothing of the row's text."""
        shown = {
            name: one_line(value) if isinstance(value, str) else value
            for name, value in self.fields.items()
        }
        why = message(self.key, locale, **shown)
        return message("eval.problem", locale, file=one_line(self.file), row=self.row, why=why)


def case_of(text: str) -> str:
    """The case in an ``input`` of the dataset: what stands behind its tag, all without one."""
    found = _CASE.search(text)
    return text[found.end() :].strip() if found else text.strip()


def key_of(row_id: RowId) -> str:
    """What makes two ids the same: 7 and "7" are, as a parquet file and a JSON file may differ."""
    return str(row_id)


def in_order(ids: Sequence[RowId]) -> list[RowId]:
    """``ids`` sorted: numbers by value, before others by their letters."""
    return sorted(ids, key=sort_key)


def sort_key(row_id: RowId) -> tuple[bool, int, str]:
    """What ids are sorted by."""
    text = str(row_id)
    # A longer one is no number of a row, and Python refuses to make one of it.
    number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return (not number, int(text) if number else 0, text)


__all__ = [
    "CASE_TAG",
    "Answered",
    "BadSet",
    "Form",
    "Problem",
    "Row",
    "RowId",
    "case_of",
    "in_order",
    "key_of",
    "sort_key",
]
