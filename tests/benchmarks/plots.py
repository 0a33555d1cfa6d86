"""The stored run as plots (SVG)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.figures import at, shown_size
from tests.benchmarks.goals import CLIENTS_MS
from tests.benchmarks.report import TITLES

Run = Mapping[str, Any]
COLOURS = {
    "floor": "#888888",
    "ours": "#0b6e4f",
    "ruff": "#b5651d",
    "pylsp": "#3366aa",
    "jedi": "#8a4fa3",
}
STYLE = {
    "svg.fonttype": "none",
    # The same run gives the same file.
    "svg.hashsalt": "doctorflan",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def draw(run: Run, folder: Path) -> list[Path]:
    """Write a plot for each part of the run; the paths."""
    plots = {"start": _start, "keys": _keys, "documents": _documents, "clients": _clients}
    written = []
    with mpl.rc_context(STYLE):
        for name, make in plots.items():
            if name in run:
                path = folder / f"performance-{name}.svg"
                figure = make(run[name])
                figure.savefig(path, format="svg", metadata={"Date": None})
                plt.close(figure)
                written.append(path)
    return written


def _panels(count: int = 2) -> tuple[Figure, list[Axes]]:
    figure, axes = plt.subplots(1, count, figsize=(4.6 * count, 3.4), layout="constrained")
    return figure, list(axes)


def _start(rows: Run) -> Figure:
    figure, panels = _panels()
    for axes, path, label in (
        (panels[0], "start/p50", "start to first answer, ms"),
        (panels[1], "idle/pss_mib", "idle memory (PSS), MiB"),
    ):
        names = list(rows)[::-1]
        bars = axes.barh(
            [TITLES[name] for name in names],
            [at(rows, f"{name}/{path}") for name in names],
            color=[COLOURS[name] for name in names],
        )
        axes.bar_label(bars, fmt="%.0f", padding=3)
        axes.margins(x=0.12)
        axes.set_xlabel(label)
        axes.grid(visible=False, axis="y")
    return figure


def _keys(sizes: Run) -> Figure:
    figure, panels = _panels()
    for axes, part, title in (
        (panels[0], "all", "completion, actions, symbols, diagnostics"),
        (panels[1], "native", "actions and diagnostics"),
    ):
        for name in TITLES:
            # Native code has no completion: its whole is not this one.
            if part == "all" and name == "ruff":
                continue
            values = {int(size): at(rows, f"{name}/{part}/p50") for size, rows in sizes.items()}
            _line(axes, name, values)
        axes.set(xscale="log", yscale="log", xlabel="document", ylabel="a key, ms (p50)")
        axes.set_xticks([int(size) for size in sizes], [shown_size(size) for size in sizes])
        axes.xaxis.minorticks_off()
        axes.set_title(title, fontsize=10)
        axes.legend(fontsize=8)
    return figure


def _documents(counts: Run) -> Figure:
    figure, panels = _panels()
    for axes, path, label in (
        (panels[0], "loaded/pss_mib", "memory (PSS), MiB"),
        (panels[1], "all/p99", "a key, ms (p99)"),
    ):
        for name in TITLES:
            values = {int(count): at(rows, f"{name}/{path}") for count, rows in counts.items()}
            _line(axes, name, values)
        axes.set(xscale="log", xlabel="documents open (3 KB each)", ylabel=label)
        axes.set_xticks([int(count) for count in counts], list(counts))
        axes.minorticks_off()
        axes.legend(fontsize=8)
    panels[1].set_yscale("log")
    return figure


def _clients(counts: Run) -> Figure:
    figure, panels = _panels()
    for part, colour, label in (
        ("completion", "#0b6e4f", "key to completion"),
        ("diagnostics", "#b5651d", "key to findings"),
    ):
        for share, style in (("p50", ":"), ("p99", "-")):
            values = [at(rows, f"ours/{part}/{share}") for rows in counts.values()]
            line = {"color": colour, "marker": "o", "label": f"{label}, {share}"}
            panels[0].plot(list(map(int, counts)), values, style, **line)
    panels[0].axhline(CLIENTS_MS, color="#aa0000", linewidth=0.8)
    panels[0].set(yscale="log", ylabel="ms (the line is the goal for p99)")
    panels[0].legend(fontsize=8)
    memory = [at(rows, "ours/loaded/pss_mib") for rows in counts.values()]
    panels[1].plot(list(map(int, counts)), memory, color="#0b6e4f", marker="o")
    panels[1].set(ylabel="memory (PSS), MiB", ylim=(0, None))
    for axes in panels:
        axes.set_xlabel("editors, 5 keys a second each")
    return figure


def _line(axes: Axes, name: str, values: Mapping[int, float | None]) -> None:
    known = {x: y for x, y in values.items() if y is not None}
    if known:
        axes.plot(
            list(known), list(known.values()), marker="o", color=COLOURS[name], label=TITLES[name]
        )
