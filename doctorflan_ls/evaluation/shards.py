"""A set in parts for several machines, by ranges of ids, and the parts joined exactly once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.evaluation.appending import RUN, Appending, lines, run_of
from doctorflan_ls.evaluation.reading import Object
from doctorflan_ls.evaluation.rows import BadSet, Problem, Row, key_of, sort_key

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


class Shard(NamedTuple):
    """Part ``number`` (from 1) of ``of``."""

    number: int = 1
    of: int = 1

    @property
    def suffix(self) -> str:
        """What a file of this part is called by; empty for the whole."""
        return "" if self.of == 1 else f".shard-{self.number}-of-{self.of}"

    def part(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Its rows: ids in order, cut into ranges whose sizes differ by one at the most."""
        ordered = sorted(rows, key=lambda row: sort_key(row.id))
        start = (self.number - 1) * len(ordered) // self.of
        return tuple(ordered[start : self.number * len(ordered) // self.of])


def shard_of(text: str) -> Shard:
    """The shard that ``i/n`` means. Raises BadRequest."""
    found = _SHARD.fullmatch(text.strip())
    shard = Shard(int(found[1]), int(found[2])) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.of:
        raise BadRequest("eval.bad-shard")
    return shard


@dataclass(frozen=True, slots=True)
class Merged:
    """What was joined: rows written, and what is wrong (``lacking`` rows are in no part)."""

    path: Path
    rows: int
    lacking: int
    missing: tuple[int, ...]
    problems: tuple[Problem, ...]


def meta_path(answers: Path) -> Path:
    """The side file of a file of answers."""
    return answers.with_name(answers.name.removesuffix(".jsonl") + ".meta.jsonl")


def merge(parts: Sequence[Path], out: Path) -> Merged:
    """Join the parts of one run in the order of their ids into ``out``, which must not exist.

    A row that stands in two parts is written once and told. Raises BadRequest for parts of
    different runs, BadSet for a file that cannot be read or written.
    """
    if out.exists():
        raise BadRequest("eval.exists", file=out)
    runs = [_run(path) for path in parts]
    for path, run in zip(parts, runs, strict=True):
        if differing := differences(runs[0], run):
            raise BadRequest("eval.other-parts", file=path, fields=", ".join(differing))
    rows, problems = _joined(parts)
    side = {key: values for path in parts for key, values in _side(path)}
    run = runs[0] | {"shard": [1, 1], "rows": runs[0]["set_rows"]}
    ordered = sorted(rows.values(), key=lambda values: sort_key(values["id"]))
    with Appending(meta_path(out)) as meta, Appending(out) as answers:
        beside = [side[key] for each in ordered if (key := key_of(each["id"])) in side]
        meta.add_all([{RUN: run}, *beside])
        answers.add_all(ordered)
    there = {run["shard"][0] for run in runs}
    missing = tuple(number for number in range(1, runs[0]["shard"][1] + 1) if number not in there)
    return Merged(out, len(rows), runs[0]["set_rows"] - len(rows), missing, tuple(problems))


def differences(one: Object, other: Object) -> list[str]:
    """What of two runs differs that makes their answers not those of one run."""
    same = {"shard", "rows", "begun"}
    keys = dict.fromkeys((*one, *other))
    differing = [key for key in keys if key not in same and one.get(key) != other.get(key)]
    if one.get("shard", [1, 1])[1] != other.get("shard", [1, 1])[1]:
        differing.append("shard")
    return differing


def _run(path: Path) -> Object:
    if not path.exists():
        raise BadSet("eval.missing", file=path)
    run = run_of(meta_path(path))
    if run is None or not _is_shard(run.get("shard")) or not isinstance(run.get("set_rows"), int):
        raise BadSet("eval.no-run", file=meta_path(path))
    return run


def _is_shard(found: object) -> bool:
    if (
        not isinstance(found, list)
        or len(found) != 2
        or not all(type(each) is int for each in found)
    ):
        return False
    return _SHARD.fullmatch("/".join(map(str, found))) is not None


def _joined(parts: Sequence[Path]) -> tuple[dict[str, Object], list[Problem]]:
    from doctorflan_ls.evaluation.reading import raw_rows  # noqa: PLC0415  (not to answer one)

    rows: dict[str, Object] = {}
    problems = []
    for path in parts:
        for raw in raw_rows(path):
            if raw.values is None:
                problems.append(Problem(path.name, raw.number, raw.why, {}))
            elif not isinstance(raw.values.get("id"), int | str):
                problems.append(Problem(path.name, raw.number, "eval.row-lacks", {"fields": "id"}))
            elif (key := key_of(raw.values["id"])) in rows:
                told = {"id": raw.values["id"]}
                problems.append(Problem(path.name, raw.number, "eval.row-twice", told))
            else:
                rows[key] = raw.values
    return rows, problems


def _side(path: Path) -> list[tuple[str, Object]]:
    found = (values for values in lines(meta_path(path)) if "id" in values)
    return [(key_of(values["id"]), values) for values in found]


__all__ = ["Merged", "Shard", "differences", "merge", "meta_path", "shard_of"]
