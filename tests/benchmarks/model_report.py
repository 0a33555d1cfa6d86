"""Figures of models as lines, beside those of the stored run, and as pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import leaves
from tests.benchmarks.model_files import FAMILIES, OURS

Result = dict[str, Any]
GOALS = {
    "ratios": "ours / peer: tokens_s at least 1, costs at most 1",
    "drafts": "a second task on a note costs less than the first",
    "keystrokes": "writing / idle at most 1.3",
}
_HIGHER = ("tokens_s", "same", "greedy")
_ENGINES = ("ours", "genai", "llama", "torch")
_NAMES = {"genai": "onnxruntime-genai", "llama": "llama.cpp", "torch": "transformers"}
_COLOURS = {"ours": "#1668b8", "genai": "#8a8f98", "llama": "#b0b5bd", "torch": "#d3d6db"}
_PANELS = (
    ("tokens_s", "tokens a second (longer is better)"),
    ("ttft_ms", "first token, ms (shorter is better)"),
    ("peak_mib", "peak memory, MiB (shorter is better)"),
)
_BAR, _PANEL, _LEFT, _TOP = 17, 230, 190, 56
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'font-family="system-ui, sans-serif" font-size="12" fill="#20242b">'
)


def show(result: Result) -> None:
    """All figures, a line for each row."""
    for threads, made in result.get("decode", {}).items():
        _rows(f"decode, {threads}", made["rows"])
        _rows(f"ratios, {threads}", made["ratios"], GOALS["ratios"])
    for part in ("quality", "drafts", "overhead", "keystrokes"):
        if part in result:
            _rows(part, result[part], GOALS.get(part, ""))


def _rows(title: str, rows: dict[str, Result], goal: str = "") -> None:
    sys.stdout.write(f"\n{title}{f'   goal: {goal}' if goal else ''}\n")
    for name, row in rows.items():
        cells = "  ".join(f"{key} {value:g}" for key, value in row.items() if value is not None)
        sys.stdout.write(f"  {name:44} {cells}\n")


def compare(now: Result, then: Result) -> None:
    """What became better or worse by more than a fifth since the stored run.

    Ratios to peers of the same run are compared on any machine, everything else on the same one.
    """
    same = now["machine"] == then["machine"]
    mine, old = leaves(now), leaves(then)
    sys.stdout.write(f"\nagainst the run of {then['when']}")
    sys.stdout.write("\n" if same else " (another machine: ratios to peers alone)\n")
    for path, value in mine.items():
        name = path.rpartition("/")[2]
        # A model that is made anew may say something else, but nothing near 0 is worth a line.
        if not (same or "/ratios/" in path) or not old.get(path) or not value:
            continue
        factor = value / old[path]
        if 1 / 1.2 <= factor <= 1.2 or name in {"seconds", "load", "kl"}:
            continue
        better = (factor > 1) == name.startswith(_HIGHER)
        sys.stdout.write(f"  {'better' if better else 'WORSE '} {factor:5.2f}  {path}\n")


def plots(result: Result, folder: Path) -> None:
    """``models-FAMILY.svg`` for each family and ``models-server.svg``."""
    folder.mkdir(parents=True, exist_ok=True)
    decoded = result.get("decode", {})
    if decoded:
        threads, made = list(decoded.items())[-1]
        for family in FAMILIES:
            if any(name.startswith(family) for name in made["rows"]):
                picture = _engines(family, made["rows"], threads)
                (folder / f"models-{family}.svg").write_text(picture, encoding="utf-8")
    if "drafts" in result:
        (folder / "models-server.svg").write_text(_server(result["drafts"]), encoding="utf-8")


def _engines(family: str, rows: dict[str, Result], threads: str) -> str:
    """Bars of every engine at every precision, the engines of one precision together."""
    lines: list[tuple[str, str, Result] | None] = []
    for bits in OURS.values():
        for engine in _ENGINES:
            row = rows.get(f"{family} {bits} {engine}")
            if row is not None:
                lines.append((f"{bits} {_NAMES.get(engine, 'doctorflan-ls')}", engine, row))
        lines.append(None)
    height = _TOP + len(lines) * _BAR
    width = _LEFT + len(_PANELS) * _PANEL
    title = f"{family}, {threads.removeprefix('threads ')} threads"
    parts = [_SVG.format(width=width, height=height), _heading(title)]
    for number, line in enumerate(lines):
        if line is not None:
            parts.append(_text(_LEFT - 8, _TOP + number * _BAR + 11, line[0], "end"))
    for column, (name, caption) in enumerate(_PANELS):
        left = _LEFT + column * _PANEL
        parts.append(_text(left, _TOP - 12, caption))
        values = [None if line is None else (line[1], float(line[2][name])) for line in lines]
        parts += _bars(left, values)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(left: float, values: Sequence[tuple[str, float] | None]) -> Iterator[str]:
    most = max((value[1] for value in values if value is not None), default=1.0)
    for number, value in enumerate(values):
        if value is None:
            continue
        length = (_PANEL - 60) * value[1] / most
        top = _TOP + number * _BAR
        colour = _COLOURS[value[0]]
        yield f'<rect x="{left}" y="{top}" width="{length:.1f}" height="13" fill="{colour}"/>'
        yield _text(left + length + 4, top + 11, f"{value[1]:.0f}")


def _server(rows: dict[str, Result]) -> str:
    """When the model begins: on a new note, after another task, the last of some at once."""
    lines: list[tuple[str, str, float]] = []
    for name, row in rows.items():
        family, _, kind = name.partition(": ")
        if kind.startswith("second task"):
            note = "long note" if kind.endswith("long note") else "note"
            lines.append((f"{family}, {note} that is new", "genai", row["new_ms"]))
            lines.append((f"{family}, {note} after another task", "ours", row["after_ms"]))
        elif kind.startswith("drafts at once"):
            count = kind.rpartition(" ")[2]
            label = f"{family}, the last of {count} at once"
            lines.append((label, "llama", row["last_first_words_ms"]))
    left = 300
    width, height = left + _PANEL + 60, _TOP + len(lines) * _BAR
    parts = [_SVG.format(width=width, height=height), _heading("First token of the model, ms")]
    for number, (label, _, _) in enumerate(lines):
        parts.append(_text(left - 8, _TOP + number * _BAR + 11, label, "end"))
    parts += _bars(left, [(colour, value) for _, colour, value in lines])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _heading(title: str) -> str:
    background = f'<title>{title}</title>\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
    return f'{background}<text x="12" y="22" font-size="15" font-weight="600">{title}</text>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
