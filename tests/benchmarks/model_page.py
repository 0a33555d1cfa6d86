"""The figures of a run as the tables of ``docs/model-performance.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.model_files import FAMILIES

Result = dict[str, Any]
_PEERS = {"genai": "onnxruntime-genai", "llama": "llama.cpp", "torch": "transformers"}


def fill(page: Path, result: Result) -> None:
    """Put the tables of ``result`` between the page's marks."""
    text = page.read_text(encoding="utf-8")
    made = f"<!-- figures -->\n{tables(result)}\n<!-- /figures -->"
    filled, count = re.subn(
        r"<!-- figures -->.*?<!-- /figures -->", lambda _: made, text, flags=re.DOTALL
    )
    if count != 1:
        message = f"{page}: no place for the figures"
        raise ValueError(message)
    page.write_text(filled, encoding="utf-8")


def tables(result: Result) -> str:
    return "\n\n".join(_parts(result))


def _parts(result: Result) -> Iterator[str]:
    machine, versions = result["machine"], result["versions"]
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield f"Taken on {result['when'][:10]}, {machine['cores']} cores ({machine['cpu']}); {used}."
    decoded = result.get("decode", {})
    if decoded:
        yield "### Engines\n\n" + _engines(decoded)
        yield "### Ours against each\n\n" + _ratios(decoded)
    if "quality" in result:
        yield "### What quantising costs\n\n" + _quality(result["quality"])
    if "drafts" in result:
        yield "### Through the server\n\n" + _drafts(result["drafts"])
        yield _at_once(result["drafts"])
        yield _cancels(result["drafts"])
    if "keystrokes" in result:
        yield "### Typing while a model writes\n\n" + _keys(result["keystrokes"])


def _engines(decoded: Result) -> str:
    """The last thread count's rows, with the speed of the others beside it."""
    counts = list(decoded)
    head = ["model", *(f"tokens/s, {count}" for count in counts)]
    head += ["first token ms", "import ms", "load ms", "peak MiB", "own MiB"]
    rows = []
    for name, row in decoded[counts[-1]]["rows"].items():
        speeds = [decoded[count]["rows"].get(name, {}).get("tokens_s", "") for count in counts]
        rest = [row[key] for key in ("ttft_ms", "import_ms", "load_ms", "peak_mib", "uss_mib")]
        rows.append([_named(name), *speeds, *rest])
    return _table(head, rows)


def _ratios(decoded: Result) -> str:
    counts = list(decoded)
    head = ["ours / peer", *(f"tokens/s, {count}" for count in counts)]
    head += [*(f"first token, {count}" for count in counts), "load", "peak memory"]
    rows = []
    for name, row in decoded[counts[-1]]["ratios"].items():
        each = [decoded[count]["ratios"].get(name, {}) for count in counts]
        speeds = [one.get("tokens_s", "") for one in each]
        firsts = [one.get("ttft_ms", "") for one in each]
        costs = [row.get(key, "") for key in ("load_ms", "peak_mib")]
        rows.append([_named(name), *speeds, *firsts, *costs])
    return _table(head, rows)


def _quality(quality: Result) -> str:
    head = ["weights", "perplexity", "divergence, nats a token", "same likeliest token"]
    head += ["equal greedy tokens"]
    keys = ("perplexity", "kl", "same", "greedy")
    rows = [[_named(name), *(row[key] for key in keys)] for name, row in quality.items()]
    return _table(head, rows)


def _drafts(drafts: Result) -> str:
    head = ["first token of the model, ms", "a new note", "after another task", "ratio"]
    head += ["the record's part"]
    keys = ("new_ms", "after_ms", "share", "record_ms")
    return _table(head, _of(drafts, ": second task", keys))


def _at_once(drafts: Result) -> str:
    head = ["drafts at once", "tokens/s in all", "first words of the first, ms", "of the last, ms"]
    keys = ("tokens_s", "first_words_ms", "last_first_words_ms")
    return _table(head, _of(drafts, ": drafts at once", keys))


def _cancels(drafts: Result) -> str:
    head = ["a cancelled draft, ms", "answer while reading", "model free", "answer while writing"]
    head += ["model free", "worst answer", "worst until free"]
    rows = []
    for family in FAMILIES:
        row = drafts.get(f"{family}: cancel")
        if row:
            keys = ("reading_answer_ms", "reading_free_ms", "writing_answer_ms", "writing_free_ms")
            worst = [
                max(row.get(f"{kind}_{what}_ms_worst", 0) for kind in ("reading", "writing"))
                for what in ("answer", "free")
            ]
            rows.append([family, *(row.get(key, "") for key in keys), *worst])
    return _table(head, rows)


def _keys(rows: Result) -> str:
    head = ["model", "idle p50 ms", "writing p50 ms", "ratio p50", "ratio p95", "ratio p99"]
    keys = ("idle_p50", "writing_p50", "p50_ratio", "p95_ratio", "p99_ratio")
    return _table(head, [[name, *(row[key] for key in keys)] for name, row in rows.items()])


def _of(drafts: Result, kind: str, keys: Sequence[str]) -> list[list[Any]]:
    found = [(name, row) for name, row in drafts.items() if kind in name]
    return [[name.replace(": ", ", "), *(row[key] for key in keys)] for name, row in found]


def _named(name: str) -> str:
    """``smollm2-135m int8 genai``, with the engine's own name."""
    for short, long in _PEERS.items():
        name = re.sub(rf"\b{short}\b", long, name)
    return name


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
