"""Engines on the same weights: how fast each writes, what it takes, and what quantising costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from doctorflan_ls.models.base import Message
from doctorflan_ls.models.local.tokenizer import Tokenizer
from tests.benchmarks import model_files, model_prompts
from tests.benchmarks.model_files import Entry

Row = dict[str, Any]
HERE = Path(__file__).parent
PROMPT, NEW = 290, 48
# Text that quantised weights are judged by: so many tokens of so many invented notes.
TEXTS, TEXT_TOKENS, GREEDY = 3, 128, 64


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the weights are, and which interpreter has the other engines."""

    root: Path
    peers: str
    present: frozenset[str]
    families: tuple[str, ...]

    def entries(self) -> list[Entry]:
        return model_files.entries(self.root, set(self.present))

    def python(self, engine: str) -> str:
        return sys.executable if engine in {"ours", "graph"} else self.peers

    def tokenizer(self, family: str) -> Tokenizer:
        return Tokenizer.load(model_files.folder(self.root, family, 8))


class Engine:
    """The process of one engine (``engines.py``)."""

    def __init__(self, python: str, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, str(HERE / "engines.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if "BENCH_VERBOSE" in os.environ else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def ask(self, do: str, **job: Any) -> Row:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **job}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            message = f"{self.name}: the engine's process ended"
            raise RuntimeError(message)
        answer: Row = json.loads(line)
        return answer


def decode(bench: Bench, threads: int, rounds: int) -> dict[str, Row]:
    """Load time, time to first token, tokens a second and memory, all engines in turn.

    The engines of a family are there at the same time, each in its process; in every round each of
    them answers once, the order turned by one. The first, short round warms caches and pages.
    """
    rows: dict[str, Row] = {}
    for family in bench.families:
        with ExitStack() as stack:
            job = _job(bench, family)
            taken: list[tuple[Entry, Engine, list[Row]]] = []
            for entry in (each for each in bench.entries() if each.family == family):
                engine = stack.enter_context(Engine(bench.python(entry.engine), entry.name))
                loaded = engine.ask(
                    "start", engine=entry.engine, model=str(entry.model), threads=threads
                )
                engine.ask("decode", **{**job, "new": 8})
                taken.append((entry, engine, [loaded]))
            for turn in range(rounds):
                at = turn % max(len(taken), 1)
                for _, engine, made in (*taken[at:], *taken[:at]):
                    made.append(engine.ask("decode", **job))
            for entry, _, (loaded, *made) in taken:
                rows[entry.name] = _row(entry, loaded, made)
    return rows


def _job(bench: Bench, family: str) -> Row:
    """The same prompt for all engines of a family: as messages, and as tokens."""
    tokenizer = bench.tokenizer(family)
    messages = model_prompts.short(tokenizer, PROMPT)
    ids = tokenizer.prompt_ids([Message(*each) for each in messages])
    return {"messages": messages, "other": model_prompts.OTHER, "ids": ids, "new": NEW}


def _row(entry: Entry, loaded: Row, made: list[Row]) -> Row:
    speeds = [each["tokens_s"] for each in made]
    return {
        "tokens_s": round(statistics.median(speeds), 1),
        "tokens_s_least": round(min(speeds), 1),
        "tokens_s_most": round(max(speeds), 1),
        "ttft_ms": round(statistics.median(each["ttft_ms"] for each in made), 1),
        "import_ms": round(loaded["import_ms"]),
        "load_ms": round(loaded["load_ms"]),
        "peak_mib": round(made[-1]["peak_mib"]),
        # Two engines map the file of one graph: neither's pages are its own then.
        "uss_mib": None if entry.made else round(made[-1]["uss_mib"]),
    }


def ratios(bench: Bench, rows: dict[str, Row]) -> dict[str, Row]:
    """Ours against each peer on weights of as many bits, ``tokens_s`` and the costs.

    Speed above 1 and costs below 1 are in our favour. Of the memory the peak is compared.
    """
    found = [entry for entry in bench.entries() if entry.name in rows]
    result = {}
    for ours in (entry for entry in found if entry.engine == "ours"):
        for peer in (entry for entry in found if entry.engine != "ours"):
            same = (peer.family, peer.bits) == (ours.family, ours.bits)
            if same and (not (ours.made or peer.made) or ours.model == peer.model):
                result[f"{ours.name} / {peer.engine}"] = _against(rows[ours.name], rows[peer.name])
        shared = [peer for peer in found if peer.made == "our graph" and peer.family == ours.family]
        if ours.bits == 8 and not ours.made and shared:
            pair = _against(rows[ours.name], rows[shared[0].name])
            result[f"{ours.name} / genai on our graph"] = pair
    return result


def _against(mine: Row, its: Row) -> Row:
    names = ("tokens_s", "ttft_ms", "load_ms", "peak_mib")
    return {name: round(mine[name] / its[name], 3) for name in names if its[name]}


def quality(bench: Bench) -> dict[str, Row]:
    """What each engine's weights say, against the same weights in float32.

    ``perplexity`` is of the invented notes' own text, ``kl`` the mean divergence from the
    reference for a token, in nats, ``same`` the share of positions with the same likeliest token,
    and ``greedy`` how many tokens of an answer are the reference's before the first that is not.
    """
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        for family in bench.families:
            job = _texts(bench, family)
            wanted: tuple[Any, list[int]] | None = None
            for name, engine, model in _judged(bench, family):
                with Engine(bench.python(engine), name) as process:
                    process.ask("start", engine=engine, model=str(model), threads=2, all=True)
                    out = str(Path(scratch, "logits.npy"))
                    greedy = process.ask("logits", out=out, **job)["greedy"]
                found = _log_softmax(np.load(out))
                wanted = wanted or (found, greedy)
                rows[name] = _judgement(job["texts"], wanted, (found, greedy))
    return rows


def _judged(bench: Bench, family: str) -> list[tuple[str, str, Path]]:
    """Names, engines and files; the reference first: torch, or our float32 graph without it."""
    found = [
        (entry.name, "graph" if entry.engine == "ours" else entry.engine, entry.model)
        for entry in bench.entries()
        if entry.family == family and not entry.made
    ]
    found.sort(key=lambda each: each[1] != "torch")
    shipped = bench.root / family / "shipped" / "package"
    if shipped.exists():
        found.append((f"{family} dynamic int8, as shipped", "graph", shipped))
    return found


def _texts(bench: Bench, family: str) -> Row:
    tokenizer = bench.tokenizer(family)
    texts = [
        tokenizer.prompt_ids([Message("user", text)])[:TEXT_TOKENS]
        for text in model_prompts.texts(model_files.FAMILIES[family])[:TEXTS]
    ]
    return {"texts": texts, "ids": _job(bench, family)["ids"], "new": GREEDY}


def _judgement(
    texts: list[list[int]], wanted: tuple[Any, list[int]], found: tuple[Any, list[int]]
) -> Row:
    reference, logits = wanted[0], found[0]
    divergence = (np.exp(reference) * (reference - logits)).sum(axis=-1)
    at, losses = 0, []
    for text in texts:
        rows = logits[at : at + len(text) - 1]
        losses.append(-rows[np.arange(len(rows)), text[1:]])
        at += len(text)
    # An engine may end its answer early.
    equal = [mine == its for mine, its in zip(found[1], wanted[1], strict=False)]
    return {
        "perplexity": round(float(np.exp(np.concatenate(losses).mean())), 3),
        "kl": round(float(divergence.mean()), 5),
        "same": round(float((reference.argmax(-1) == logits.argmax(-1)).mean()), 4),
        "greedy": equal.index(False) if False in equal else len(equal),
    }


def _log_softmax(logits: Any) -> Any:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
