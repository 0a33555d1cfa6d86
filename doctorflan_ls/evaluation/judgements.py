"""What a judge said of a file of answers: one line for each row, turn and repeat.

Of two lines for the same the later one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.appending import RUN, Appending, lines, run_of
from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import BadSet, Form, RowId, key_of

LOWEST, HIGHEST = 1, 10


class Key(NamedTuple):
    """What is judged once: an answer of a row's turn, in one repeat; both count from 1."""

    row: str
    turn: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score from 1 to 10, None where nobody could read one after all attempts.

    ``digest`` is that of what the judge was asked: an answer that changed is judged again.
    ``asked`` counts the answers of the judge. Tokens are None where its server did not say.
    """

    id: RowId
    turn: int
    repeat: int
    score: int | None
    explanation: str
    digest: str
    form: Form
    category: str = ""
    task: str = ""
    asked: int = 1
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0

    @property
    def key(self) -> Key:
        """What it is the judgement of."""
        return Key(key_of(self.id), self.turn, self.repeat)

    def to_json(self) -> Object:
        """As ``schemas/eval-judgement.schema.json`` has it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Judged:
    """A file of judgements, with what its first line says of its run."""

    path: Path
    run: Object
    judgements: tuple[Judgement, ...]

    @property
    def model(self) -> str:
        """Whose answers they are of."""
        return str(self.run["model"])

    @property
    def set(self) -> str:
        """The set that was answered."""
        return str(self.run["set"])


class JudgementFile:
    """The file of a run, which need not exist; what stands there is not asked again.

    Raises BadRequest where another run wrote it.
    """

    def __init__(self, path: Path, run: Object) -> None:
        known = run_of(path)
        if known is None and path.exists() and path.stat().st_size:
            raise BadRequest("eval.exists", file=path)
        differing = [key for key in run if known is not None and known.get(key) != run[key]]
        if differing:
            raise BadRequest("eval.other-run", file=path, fields=", ".join(differing))
        self.path = path
        self.done = {each.key: each for each in _judgements(path)}
        self._file = Appending(path)
        if known is None:
            self._file.add({RUN: run})

    def keep(self, judgement: Judgement) -> None:
        """Write one."""
        self.done[judgement.key] = judgement
        self._file.add(judgement.to_json())

    def close(self) -> None:
        """Nothing more is written."""
        self._file.__exit__(None, None, None)


def load_judged(path: Path) -> Judged:
    """The judgements of a file. Raises BadSet where it is none."""
    run = run_of(path)
    if run is None or not {"model", "set", "judge"} <= set(run):
        raise BadSet("eval.no-run", file=path)
    return Judged(path, run, tuple({each.key: each for each in _judgements(path)}.values()))


def _judgements(path: Path) -> Iterable[Judgement]:
    for values in lines(path):
        if RUN not in values and (judgement := _judgement(values)) is not None:
            yield judgement


def _judgement(values: Mapping[str, Any]) -> Judgement | None:
    known = {name: values[name] for name in Judgement.__slots__ if name in values}
    try:
        judgement = Judgement(**known)
    except TypeError:
        return None
    score, whole = judgement.score, (judgement.turn, judgement.repeat)
    if score is not None and not (_is_whole(score) and LOWEST <= score <= HIGHEST):
        return None
    return judgement if all(map(_is_whole, whole)) else None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


__all__ = ["HIGHEST", "LOWEST", "Judged", "Judgement", "JudgementFile", "Key", "load_judged"]
