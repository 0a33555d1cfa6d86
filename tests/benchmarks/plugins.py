"""Start, memory and latency with 0, 10 and 50 plugins installed, in one interleaved run.

    python -m tests.benchmarks.plugins [--json FILE] [--rounds N] [--counts 0,10,50]

Each plugin is what ``plugins new`` makes, with a check, fifty terms, and the three hooks of a draft
added: more than most will have. Goal: a start within 1.2 times that without plugins.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from doctorflan_ls.cli.app import app
from tests.benchmarks.client import Client
from tests.benchmarks.documents import note_of
from tests.benchmarks.figures import quantile
from tests.benchmarks.peers import OURS
from tests.plugin_packages import install

URI = "untitled:note.note"
MORE = '''

@hookimpl
def register_terms(register: Callable[[object], None]) -> None:
    """Fifty terms."""
    from doctorflan_ls.notes.facts.vocabulary import TermEntry

    for number in range(50):
        register(TermEntry("diagnosis", zh=(f"院内病名{number}",), code=f"X{number}"))


@hookimpl
def register_checks(register: Callable[[object], None]) -> None:
    """A check that looks at every fact and finds nothing."""
    from doctorflan_ls.checks.model import Rule
    from doctorflan_ls.checks.scope import Check
    from doctorflan_ls.tasks.model import Bilingual

    rule = Rule("none", "information", Bilingual("甲", "A"), Bilingual("乙", "B"))
    register(Check("none", (rule,), lambda scope: [x for x in scope.facts if x.kind == "never"]))


@hookimpl
def draft_context(task: object, note: object) -> None:
    """Nothing."""


@hookimpl
def amend_prompt(prompt: object) -> None:
    """Nothing."""


@hookimpl
def check_draft(draft: object) -> None:
    """Nothing."""
'''


def site_of(folder: Path, count: int) -> Mapping[str, str]:
    """An environment with ``count`` plugins installed and loaded."""
    made, site = folder / f"made{count}", folder / f"site{count}"
    names = [f"ward-{number}" for number in range(count)]
    for name in names:
        told = CliRunner().invoke(
            app, ["--no-plugins", "plugins", "new", name, "--into", str(made)]
        )
        if told.exit_code != 0:
            raise SystemExit(told.output)
        module = made / name / "src" / name.replace("-", "_") / "__init__.py"
        module.write_text(module.read_text(encoding="utf-8") + MORE, encoding="utf-8")
        install(site, made / name)
    site.mkdir(exist_ok=True)
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "DOCTORFLAN_PLUGINS": ",".join(names)}


def start(environment: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds to the first answer and until all is loaded; memory before and after."""
    with Client(OURS, environment) as client:
        first = client.initialize() * 1000
        idle = client.memory_mib()
        client.request("doctorflan/status", None)
        whole = (time.perf_counter() - client.started) * 1000
        return {
            "start_ms": first,
            "loaded_ms": whole,
            "idle_mib": idle,
            "loaded_mib": client.memory_mib(),
        }


def latencies(environment: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of a ``/`` completion, of a hover and of a draft of a 3 KB note."""
    took: dict[str, list[float]] = {"completion_ms": [], "hover_ms": [], "draft_ms": []}
    with Client(OURS, environment) as client:
        client.initialize()
        client.request("doctorflan/status", None)
        text = note_of(3000) + "\n/j"
        item = {"uri": URI, "languageId": "clinicalnote", "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": item})
        last = text.count("\n")
        where: dict[str, Any] = {
            "textDocument": {"uri": URI},
            "position": {"line": last, "character": 2},
        }
        for version in range(2, rounds + 12):
            at = {"line": 0, "character": 0}
            change = {"range": {"start": at, "end": at}, "text": "甲"}
            document = {"uri": URI, "version": version}
            client.notify(
                "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
            )
            began = time.perf_counter()
            client.request("textDocument/completion", where)
            took["completion_ms"].append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            client.request("textDocument/hover", where)
            took["hover_ms"].append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            client.request("doctorflan/draft", {"textDocument": {"uri": URI}, "task": "triage"})
            took["draft_ms"].append((time.perf_counter() - began) * 1000)
    # The first ones read the data files.
    return {name: values[10:] for name, values in took.items()}


def measure(counts: list[int], rounds: int) -> dict[str, Any]:
    """The figures by number of plugins; starts are interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        sites = {count: site_of(Path(folder), count) for count in counts}
        starts: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
        for _ in range(max(rounds // 10, 3)):
            for count, site in sites.items():
                starts[count].append(start(site))
        figures: dict[str, Any] = {}
        for count, site in sites.items():
            row = {
                name: statistics.median(each[name] for each in starts[count])
                for name in starts[count][0]
            }
            for name, values in latencies(site, rounds).items():
                for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                    row[f"{name}_{label}"] = quantile(values, share)
            figures[str(count)] = row
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--counts", default="0,10,50")
    chosen = parser.parse_args()
    figures = measure([int(each) for each in chosen.counts.split(",")], chosen.rounds)
    base = next(iter(figures.values()))
    for count, row in figures.items():
        print(f"{count} plugins")  # noqa: T201
        for name, value in row.items():
            print(f"  {name:20} {value:9.2f}  {value / base[name]:6.2f}")  # noqa: T201
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
