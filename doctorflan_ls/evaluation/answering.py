"""A set answered by one model through the engine: row after row, each on the disk before the next.

One engine for each hand: a loaded model answers one question at a time, and what waits for a server
waits beside the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from doctorflan_ls.drafts import Draft, digest
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.engine.crew import in_parallel
from doctorflan_ls.errors import BadRequest, DoctorFlanError
from doctorflan_ls.evaluation.appending import RUN, Appending, run_of
from doctorflan_ls.evaluation.raw import Meter, metered
from doctorflan_ls.evaluation.reading import Object, raw_rows
from doctorflan_ls.evaluation.rows import Answered, Row, key_of
from doctorflan_ls.evaluation.sets import to_json
from doctorflan_ls.evaluation.shards import Shard, differences, meta_path
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import Model, ModelOptions, ModelSpec, Sampling, Stop
from doctorflan_ls.notes.note import Note, parse_note
from doctorflan_ls.prompts import Prompt, Turn
from doctorflan_ls.tasks.model import Task
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span

Asking = Literal["raw", "task"]

# A conversation names no task of its own; this is what a model that knows tasks alone is asked.
_ANY_TASK = "case-summary"
# So many rows that fail one after the other, for one reason, fail for more than their own.
_MOST_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class How:
    """How a set is answered. ``raw`` gives a language model the row's own words.

    ``language`` is that of the answer, None the row's own. ``tasks`` are those there are.
    """

    spec: ModelSpec
    load: Callable[[str, ModelOptions], Model]
    tasks: Sequence[Task]
    asking: Asking = "raw"
    sampling: Sampling = field(default_factory=Sampling)
    options: ModelOptions = field(default_factory=ModelOptions)
    language: Locale | None = None
    hands: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a row: its answer and what that took, or why there is none."""

    row: Row
    answered: Answered | None
    took: Object
    failure: DoctorFlanError | None = None


class AnswerFile:
    """The file of answers of a run and its side file; what stands there already is done.

    Raises BadRequest where another run wrote them.
    """

    def __init__(self, path: Path, run: Object) -> None:
        self.path = path
        side = meta_path(path)
        known = run_of(side)
        if known is None and path.exists() and path.stat().st_size:
            raise BadRequest("eval.exists", file=path)
        if known is not None and (differing := differences(known, run)):
            raise BadRequest("eval.other-run", file=path, fields=", ".join(differing))
        self._answers = Appending(path)
        self._side = Appending(side)
        if known is None:
            self._side.add({RUN: run})
        self.done = frozenset(
            key_of(raw.values["id"])
            for raw in raw_rows(path)
            if raw.values is not None and "id" in raw.values
        )

    def keep(self, outcome: Outcome) -> None:
        """Write what was answered."""
        if outcome.answered is not None:
            # A side line without its answer is harmless, an answer without its side line is not.
            self._side.add({"id": outcome.row.id, **outcome.took})
            self._answers.add(to_json(outcome.answered))

    def close(self) -> None:
        """Nothing more is written."""
        for file in (self._answers, self._side):
            file.__exit__(None, None, None)


def run_record(how: How, name: str, of: str, rows: int, shard: Shard) -> Object:
    """What a run is: two with the same record give one file.

    ``of`` is the digest of the set's rows, ``rows`` how many it has in all its parts.
    """
    return {
        "set": name,
        "set_digest": of,
        "set_rows": rows,
        "model": how.spec.id,
        "version": how.spec.version,
        "model_digest": how.spec.digest,
        "kind": how.spec.kind,
        "prompt": how.asking,
        "language": how.language,
        "sampling": None if how.spec.kind == "skeleton" else _plain(asdict(how.sampling)),
        "shard": [shard.number, shard.of],
    }


def answer(
    rows: Sequence[Row], how: How, stop: Stop, keep: Callable[[Outcome], None]
) -> Iterator[Outcome]:
    """What comes of each row, as it comes; ``keep`` is called with it at once.

    Ends early where one failure after the other says that the model is not there.
    """
    meters = [Meter() for _ in range(how.hands)]
    raw = how.asking == "raw"
    engines = [Engine(metered(how.load, meter, raw=raw)) for meter in meters]

    def work(row: Row, hand: int) -> Outcome | None:
        return _answered(row, how, engines[hand], meters[hand], stop)

    def kept(outcome: Outcome | None) -> None:
        if outcome is not None:
            keep(outcome)

    def close() -> None:
        for engine in engines:
            engine.close()

    failures = 0
    try:
        with stop.calling(close):
            for outcome in in_parallel(work, rows, how.hands, stop, kept):
                if outcome is None:
                    continue
                yield outcome
                failures = failures + 1 if outcome.failure is not None else 0
                if failures >= _MOST_IN_A_ROW * how.hands:
                    return
    finally:
        close()


def _answered(row: Row, how: How, engine: Engine, meter: Meter, stop: Stop) -> Outcome | None:
    """The row's outcome; None where nobody waits for it any more."""
    took: dict[str, list[Any]] = {
        "seconds": [],
        "first_seconds": [],
        "pieces": [],
        "pieces_seconds": [],
        "finish": [],
    }
    answers: list[str] = []
    turn: Turn | None = None
    draft: Draft | None = None
    try:
        asked = _Asked(row, how)
        for question in row.questions:
            if draft is not None:
                turn = Turn(draft, question, turn)
            meter.clear()
            begun = time.monotonic()
            draft = engine.run_sync(asked.job(turn))
            if stop.is_set():
                return None
            if draft.failure is not None:
                return Outcome(row, None, {}, draft.failure)
            _measured(took, meter, time.monotonic() - begun)
            answers.append(draft.text.strip())
    except DoctorFlanError as error:
        return Outcome(row, None, {}, error)
    return Outcome(row, Answered(row, tuple(answers)), took)


def _measured(took: dict[str, list[Any]], meter: Meter, seconds: float) -> None:
    took["seconds"].append(round(seconds, 4))
    took["first_seconds"].append(round(meter.first, 4) if meter.asked else None)
    took["pieces"].append(meter.pieces if meter.asked else None)
    took["pieces_seconds"].append(round(meter.seconds, 4) if meter.asked else None)
    took["finish"].append(meter.finish or None)


class _Asked:
    """A row as the engine is asked for it."""

    def __init__(self, row: Row, how: How) -> None:
        self._how = how
        # A model that takes no conversation reads a note: what the row says of a patient.
        note_text = row.questions[0] if self._raw else row.case
        self._note: Note = parse_note(note_text, f"eval:{row.id}")
        self._key = key_of(row.id)
        self._task = self._task_of(row)

    @property
    def _raw(self) -> bool:
        return self._how.asking == "raw" and self._how.spec.kind != "skeleton"

    def _task_of(self, row: Row) -> Task:
        if row.task:
            return get_task(row.task, self._how.tasks)
        if self._raw:
            claimed = self._how.spec.tasks
            return get_task(claimed[0] if claimed else _ANY_TASK, self._how.tasks)
        if row.category:
            raise BadRequest("eval.no-task")
        return _named_task(row.questions[0], self._how.tasks)

    def job(self, turn: Turn | None) -> Job:
        note, how = self._note, self._how
        language = how.language or note.language
        prompt = Prompt(self._task, note, Span(0, len(note.text)), language, turn)
        return Job(self._key, prompt, how.spec.id, sampling=how.sampling, options=how.options)


def _named_task(question: str, tasks: Sequence[Task]) -> Task:
    """The task that a question names first by its title; a summary where it names none."""
    places = [(at, task) for task in tasks if (at := question.find(task.title.zh)) >= 0]
    return min(places, key=lambda place: place[0])[1] if places else get_task(_ANY_TASK)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` as they come back from JSON: a run is compared with what its file says."""
    return {key: list(each) if isinstance(each, tuple) else each for key, each in values.items()}


def set_digest(rows: Sequence[Row]) -> str:
    """SHA-256 of what is asked: ids and questions, in any order of the file."""
    told = sorted(f"{row.id}\0{chr(0).join(row.questions)}" for row in rows)
    return digest("\0\0".join(told))


__all__ = ["AnswerFile", "Asking", "How", "Outcome", "answer", "run_record", "set_digest"]
