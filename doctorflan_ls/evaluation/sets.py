"""Sets and files of answers, read row by row: every problem is told once, nothing else is lost.

The dataset's own columns are ``category``, ``input``, ``output``, ``id``; DotaBench's are ``id``,
``turn_1_question`` ... and ``reference``. An answered set has ``output`` or ``turn_k_answer`` as
the model's words and ``reference`` as the dataset's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.reading import Object, Raw, raw_rows
from doctorflan_ls.evaluation.rows import Answered, BadSet, Problem, Row, RowId, key_of
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task

_TURN = re.compile(r"turn_([1-9][0-9]?)_question")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The good rows of a set, and what is wrong with the others."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class LoadedAnswers:
    """The good rows of a file of answers, and what is wrong with the others."""

    answered: tuple[Answered, ...]
    problems: tuple[Problem, ...]


class Categories:
    """What a category's name of a file stands for; ``names`` are the settings' own, by task id."""

    def __init__(self, names: Mapping[str, str], tasks: Sequence[Task] | None = None) -> None:
        self._own = {name.strip().casefold(): task for task, name in names.items()}
        self._tasks = tasks
        self._known: dict[str, str] = {}
        self.nearest: dict[str, str] = {}

    def task(self, name: str) -> str:
        """The task's id; empty where the name is unknown: ``nearest`` then says what is near."""
        if name not in self._known:
            self._known[name] = self._looked_up(name)
        return self._known[name]

    def _looked_up(self, name: str) -> str:
        if own := self._own.get(name.strip().casefold()):
            return own
        try:
            return get_task(name.strip(), self._tasks).id
        except BadRequest as error:
            self.nearest[name] = str(error.fields.get("nearest") or error.fields.get("ids", ""))
            return ""


def load_set(path: Path, categories: Categories) -> Loaded:
    """The rows of the set in ``path``. Raises BadSet where it has none or cannot be read."""
    reader = _Reader(path, categories)
    rows = [row for _, row in reader.rows(raw_rows(path))]
    return Loaded(tuple(rows), tuple(reader.problems))


def load_answers(path: Path, categories: Categories) -> LoadedAnswers:
    """The rows of the file of answers in ``path``. Raises as ``load_set`` does."""
    reader = _Reader(path, categories, answered=True)
    found = [Answered(row, reader.answers(raw)) for raw, row in reader.rows(raw_rows(path))]
    return LoadedAnswers(tuple(found), tuple(reader.problems))


def to_json(answered: Answered) -> Object:
    """The published form of an answered row."""
    row = answered.row
    if row.form == "single":
        values: Object = {"id": row.id, "input": row.questions[0], "output": answered.answers[0]}
        values["reference"] = row.reference
        return values | ({"category": row.category} if row.category else {})
    values = {"id": row.id}
    for turn, (question, answer) in enumerate(
        zip(row.questions, answered.answers, strict=True), start=1
    ):
        values[f"turn_{turn}_question"] = question
        values[f"turn_{turn}_answer"] = answer
    return values | {"reference": row.reference}


class _Reader:
    def __init__(self, path: Path, categories: Categories, *, answered: bool = False) -> None:
        self.problems: list[Problem] = []
        self._file = path.name
        self._path = path
        self._categories = categories
        self._answered = answered
        self._turns = 0
        self._seen: dict[str, int] = {}
        self._strange: set[str] = set()

    def rows(self, raws: Iterable[Raw]) -> Iterator[tuple[Object, Row]]:
        """The good ones, each with what it was read from."""
        # All of them first: how many turns a row lacks is known by the others.
        held = list(raws)
        self._turns = max((_turns(raw.values) for raw in held if raw.values), default=0)
        good = False
        for raw in held:
            if raw.values is None:
                self._tell(raw.number, raw.why)
            elif (row := self._row(raw.number, raw.values)) is not None:
                good = True
                yield raw.values, row
        if not good and not self.problems:
            raise BadSet("eval.empty", file=self._path)

    def answers(self, values: Object) -> tuple[str, ...]:
        """The model's words; every row that is given has them."""
        return tuple(str(values[name]) for name in self._answer_fields())

    def _tell(self, number: int, key: str, **fields: object) -> None:
        self.problems.append(Problem(self._file, number, key, fields))

    def _question_fields(self) -> list[str]:
        if not self._turns:
            return ["input"]
        return [f"turn_{turn}_question" for turn in range(1, self._turns + 1)]

    def _answer_fields(self) -> list[str]:
        if not self._turns:
            return ["output"]
        return [f"turn_{turn}_answer" for turn in range(1, self._turns + 1)]

    def _row(self, number: int, values: Object) -> Row | None:
        reference = "reference" if self._turns or self._answered else "output"
        wanted = [*self._question_fields(), reference]
        may_be_empty = {reference}
        if self._answered:
            wanted += self._answer_fields()
            may_be_empty |= set(self._answer_fields())
        elif not self._turns:
            wanted.append("category")
        lacking = [] if _is_id(values.get("id")) else ["id"]
        for name in wanted:
            value = values.get(name)
            if not isinstance(value, str) or not (value.strip() or name in may_be_empty):
                lacking.append(name)
        if lacking:
            self._tell(number, "eval.row-lacks", fields=", ".join(lacking))
            return None
        row_id: RowId = values["id"]
        first = self._seen.setdefault(key_of(row_id), number)
        if first != number:
            self._tell(number, "eval.row-duplicate", id=_shown(row_id), first=first)
            return None
        category = self._category(number, values)
        return Row(
            row_id,
            tuple(values[name] for name in self._question_fields()),
            values[reference],
            number,
            category,
            self._categories.task(category) if category else "",
        )

    def _category(self, number: int, values: Object) -> str:
        value = values.get("category")
        name = value.strip() if isinstance(value, str) else ""
        if name and not self._categories.task(name) and name not in self._strange:
            self._strange.add(name)
            nearest = self._categories.nearest[name]
            self._tell(number, "eval.row-category", name=_shown(name), nearest=nearest)
        return name


def _turns(values: Object) -> int:
    found = [match for name in values if (match := _TURN.fullmatch(name))]
    return max((int(match[1]) for match in found if values[match[0]] is not None), default=0)


def _is_id(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and 0 < len(value) <= 200
    )


def _shown(value: RowId) -> str:
    """A value of a file as a message may repeat it: short, one line."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return text if len(text) <= 60 else text[:59] + "…"


__all__ = ["Categories", "Loaded", "LoadedAnswers", "load_answers", "load_set", "to_json"]
