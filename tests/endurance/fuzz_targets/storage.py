"""Files that programs write: the audit trail, what was dismissed, sets, answers and judgements."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from doctorflan_ls.audit import Event
from doctorflan_ls.audit.fhir import bundle
from doctorflan_ls.audit.places import AuditFailed, heads_path
from doctorflan_ls.audit.reading import rows
from doctorflan_ls.audit.store import Store
from doctorflan_ls.audit.verify import verify
from doctorflan_ls.dismissals import REACHES, Dismissals
from doctorflan_ls.errors import DoctorFlanError
from doctorflan_ls.evaluation.judgements import load_judged
from doctorflan_ls.evaluation.sets import Categories, load_answers, load_set, to_json
from doctorflan_ls.evaluation.shards import merge, meta_path
from doctorflan_ls.tasks.reconcile import reconcile
from doctorflan_ls.tuning.keys import Data
from doctorflan_ls.tuning.rows import read_rows
from tests.endurance.fuzz_targets import target
from tests.endurance.fuzz_trial import answer

_SPLIT = b"\n=== heads\n"


@cache
def _trail() -> bytes:
    with tempfile.TemporaryDirectory(prefix="trail-") as folder:
        path = Path(folder) / "audit.sqlite3"
        store = Store(path)
        for number in range(4):
            names = {"task": "triage", "model": "m", "draft": "0a1b2c3d"}
            digests = {"source": f"{number:064x}"}
            store.append([(Event("draft", "ready", 1.7e9, names, digests, {"length": 1}), "dr.li")])
        store.close()
        return path.read_bytes() + _SPLIT + heads_path(path).read_bytes()


def _trails() -> Iterator[bytes]:
    yield _trail()
    yield b"SQLite format 3\0" + bytes(200)
    yield _SPLIT + b"\n1 " + b"0" * 64 + b"\n"


@target(
    "audit",
    "bytes",
    _trails,
    words=("events", "head", "CREATE", "TRIGGER", "\n9 "),
    longest=80_000,
    quick=20,
)
def audit(data: bytes, folder: Path) -> Iterable[object]:
    """A damaged trail is told from a whole one, and no row of it breaks a reader."""
    path = folder / "audit.sqlite3"
    database, _, heads = data.partition(_SPLIT)
    path.write_bytes(database)
    heads_path(path).write_bytes(heads)
    verdict = verify(path)
    yield verdict.fault
    try:
        found = list(rows(path))
        if verdict.fault is None:
            json.loads(bundle(found))
    except AuditFailed as error:
        yield answer(error)
    store = Store(path)
    try:
        event = Event("draft", "ready", 1.7e9, {"task": "triage"}, {}, {})
        store.append([(event, "dr.li")])
    except AuditFailed as error:
        yield answer(error)
    finally:
        store.close()


@cache
def _state() -> bytes:
    with tempfile.TemporaryDirectory(prefix="state-") as folder:
        made = Dismissals(Path(folder) / "state.sqlite3")
        for reach in REACHES:
            made.dismiss("file:///a", "ZC-01", made.place("ZC-01", "x"), reach, "other")
        assert made.path is not None
        return made.path.read_bytes()


@target(
    "dismissals",
    "bytes",
    lambda: (_state(), b"", b"SQLite format 3\0"),
    words=("dismissed", "secret", "BLOB"),
    quick=40,
)
def dismissals(data: bytes, folder: Path) -> Iterable[object]:
    """A damaged state file is an OSError, as one that cannot be read, or it is used."""
    path = folder / "state.sqlite3"
    path.write_bytes(data)
    made = Dismissals(path)
    try:
        made.dismiss("file:///a", "ZC-02", made.place("ZC-02", "y"), "place", "other")
        yield len(made.of("file:///a").rules)
        yield len(made.rows())
        yield made.restore("file:///a") > 0
    except OSError as error:
        yield str(error)


_ROWS = (
    {"id": 1, "category": "病例总结", "question": "问", "answer": "答", "answers": ["答"]},
    {"id": "b", "category": "分诊", "input": "主诉", "output": "内科", "instruction": "x"},
    {
        "id": 3,
        "category": "?",
        "question": ["一", "二"],
        "reference": ["甲", "乙"],
        "conversation": [],
    },
)
_RUN = {"run": {"model": "m", "set": "s", "judge": "j", "set_rows": 3, "shard": [1, 2], "rows": 2}}
_JUDGED = {"id": 1, "turn": 0, "repeat": 0, "score": 7, "reason": "x", "model": "m", "metric": "a"}


def _evaluations() -> Iterator[bytes]:
    from doctorflan_ls.evaluation.appending import RUN  # noqa: PLC0415

    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in _ROWS)
    run = json.dumps({RUN: _RUN["run"]})
    yield lines.encode()
    yield json.dumps(_ROWS, ensure_ascii=False).encode()
    yield f"{run}\n{json.dumps(_JUDGED)}\n{lines}".encode()
    yield b"PAR1" + bytes(40) + b"PAR1"


@target("evaluation", "json", _evaluations, words=("id", "category", "PAR1", "\ufeff"), quick=60)
def evaluation(data: bytes, folder: Path) -> Iterable[object]:
    """Sets, answers, judgements and rows to learn from: read, or refused with a line."""
    path = folder / "rows.jsonl"
    path.write_bytes(data)
    meta_path(path).write_bytes(data)
    readers = (
        lambda: load_set(path, Categories({})),
        lambda: [to_json(each) for each in load_answers(path, Categories({})).answered],
        lambda: load_judged(path),
        lambda: merge([path], folder / "out.jsonl"),
        lambda: reconcile(path),
        lambda: read_rows([path], Data(), {}),
    )
    for number, read in enumerate(readers):
        try:
            made = read()
        except DoctorFlanError as error:
            yield (number, answer(error))
            continue
        for problem in getattr(made, "problems", ()):
            text = problem.text("zh") + problem.text("en")
            assert len(text.splitlines()) == 1, "a problem of a row has more than one line"
            yield (number, problem.key if hasattr(problem, "key") else "problem")
