"""A run as text: figures, goals, and what has changed; on the terminal and in the document."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.figures import at, compared, shown_size
from tests.benchmarks.goals import verdicts

Run = Mapping[str, Any]
ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"
IMAGES = PAGE.parent / "images"
PICTURES = {
    "start": "Cold start and idle memory",
    "keys": "A key to fresh answers, by size",
    "documents": "Open documents",
    "clients": "Editors over WebSocket",
}
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
TITLES = {
    "floor": "bare pygls",
    "ours": "doctorflan-ls",
    "ruff": "ruff server",
    "pylsp": "python-lsp-server",
    "jedi": "jedi-language-server",
}
SAID = {True: "met", False: "NOT MET", None: "-"}


def text(run: Run, then: Run | None) -> str:
    """For the terminal: all tables, the goals, and the comparison with the stored run."""
    parts = [page(run)]
    if then is not None:
        parts.append(changes(run, then))
    return "\n".join(parts) + "\n"


def page(run: Run) -> str:
    """The generated part of the document."""
    tables = [_machine(run["machine"]), _goals(run)]
    for name, make in (
        ("start", _start),
        ("keys", _keys),
        ("slopes", _slopes),
        ("documents", _documents),
        ("clients", _clients),
        ("drafts", _drafts),
    ):
        if name in run:
            tables.append(make(run[name]))
    return "\n\n".join(tables)


def changes(run: Run, then: Run) -> str:
    """What costs otherwise than in the stored run, as ratios; above 1 is slower or larger now."""
    same = machine.same(run["machine"], then["machine"])
    rows = compared(run, then, same=same)
    where = "the same machine" if same else "another machine: only ratios to the floor are compared"
    moved = sorted(
        (row for row in rows if row["slower"] or (row["to_floor"] or row["direct"]) < 0.87),
        key=lambda row: -(row["to_floor"] or row["direct"]),
    )
    slower = sum(row["slower"] for row in rows)
    date = then["machine"]["date"]
    lines = [f"\nAgainst the run of {date} ({where}): {len(rows)} costs compared, {slower} slower."]
    lines += [
        f"  {row['figure']:44} to the floor {_number(row['to_floor'])}  direct "
        f"{_number(row['direct'])}{'  SLOWER' if row['slower'] else ''}"
        for row in moved
    ]
    return "\n".join(lines)


def write(path: Path, run: Run) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")


def publish(stored: Path, run: Run) -> None:
    """Store a run, draw it, and write its tables into the document."""
    write(stored, run)
    if importlib.util.find_spec("matplotlib") is None:
        sys.stdout.write("no matplotlib: the plots are left as they were\n")
    else:
        from tests.benchmarks import plots  # noqa: PLC0415 - matplotlib is optional

        plots.draw(run, IMAGES)
    figures = f"{page(run)}\n\n{pictures()}"
    PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


def pictures() -> str:
    """Links to the plots that there are."""
    files = {name: IMAGES / f"performance-{name}.svg" for name in PICTURES}
    return "\n\n".join(
        f"![{PICTURES[name]}](images/{file.name})" for name, file in files.items() if file.is_file()
    )


def inserted(document: str, figures: str) -> str:
    """The document with what stands between its markers replaced."""
    before, _, rest = document.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        message = f"no {BEGIN} ... {END}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine(about: Run) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about.get("versions", {}).items())
    noise = " (NOISY)" if machine.noisy(about) else ""
    return (
        f"{about['date']}; {about['cores']} cores of {about['processor']}, "
        f"{about['memory_gib']} GiB, {about['system']}, Python {about['python']}; load "
        f"{about['load']}{noise}. {versions}".strip()
    )


def _goals(run: Run) -> str:
    rows = [[each.goal, each.measured, SAID[each.met]] for each in verdicts(run)]
    return _table(["goal", "measured", "met"], rows)


def _start(rows: Run) -> str:
    body = [
        [
            TITLES[name],
            f"{row['start']['p50']:.0f} / {row['start']['p95']:.0f}",
            *(f"{row['idle'][kind]:.1f}" for kind in ("rss_mib", "pss_mib", "uss_mib")),
        ]
        for name, row in rows.items()
    ]
    head = ["server", "start p50 / p95, ms", "idle RSS, MiB", "PSS", "USS"]
    return "**Cold start and idle memory**\n\n" + _table(head, body)


def _keys(sizes: Run) -> str:
    head = [
        *("size", "server", "all p50 / p95 / p99, ms", "completion", "actions", "symbols"),
        *("diagnostics", "actions + diagnostics at once", "processor ms a key", "PSS, MiB"),
    ]
    body = [
        [shown_size(size), TITLES[name], *_key_cells(row)]
        for size, rows in sizes.items()
        for name, row in rows.items()
    ]
    return (
        "**A key to fresh answers** (all at once; then each answer alone, p50 / p99)\n\n"
        + _table(head, body)
    )


def _key_cells(row: Run) -> Iterator[str]:
    if "cut" in row:
        yield row["cut"]
        yield from [""] * 7
        return
    yield _spread(row["all"]) if "completion" in row else "-"
    for name in ("completion", "actions", "symbols", "diagnostics", "native"):
        yield _spread(row.get(name), ("p50", "p99"))
    yield _number(row["cpu_ms_a_key"])
    yield f"{row['loaded']['pss_mib']:.0f}"


def _slopes(rows: Run) -> str:
    names = ("all", "completion", "actions", "symbols", "diagnostics")
    body = [
        [TITLES[name], *(_number(row.get(each)) for each in names)] for name, row in rows.items()
    ]
    return "**Slope of log cost against log size** (0 is flat, 1 linear)\n\n" + _table(
        ["server", *names], body
    )


def _documents(counts: Run) -> str:
    names = list(next(iter(counts.values())))
    body = []
    for name in names:
        cells = []
        for rows in counts.values():
            row = rows.get(name, {"cut": "cut off"})
            if "cut" in row:
                cells.append("cut off")
                continue
            spread = _spread(row["all"], ("p50", "p99"))
            cells.append(f"{row['loaded']['pss_mib']:.0f} MiB, {spread} ms")
        body.append([TITLES[name], *cells])
    head = ["server", *(f"{count} open" for count in counts)]
    return "**Open documents of 3 KB** (PSS; a key p50 / p99)\n\n" + _table(head, body)


def _clients(counts: Run) -> str:
    wanted = {
        "key to completion p50 / p95 / p99, ms": lambda row: _spread(row["completion"]),
        "key to findings p50 / p95 / p99, ms": lambda row: _spread(row["diagnostics"]),
        "memory (PSS), MiB": lambda row: f"{row['loaded']['pss_mib']:.0f}",
        "MiB for each editor more": lambda row: _number(row.get("mib_a_client")),
        "server's processor time a key, ms": lambda row: _number(row["server_cpu_ms_a_key"]),
        "server's share of a core": lambda row: _number(row["server_core_share"]),
        "client's share of a core": lambda row: _number(row["client_core_share"]),
        "client late p99, ms": lambda row: _number(row["client_late_p99"]),
    }
    body = [
        [title, *(cell(rows["ours"]) for rows in counts.values())] for title, cell in wanted.items()
    ]
    return "**WebSocket editors typing 5 keys a second each**\n\n" + _table(
        ["editors", *counts], body
    )


def _drafts(rows: Run) -> str:
    body = []
    for name, title in (
        ("skeleton_3kb/ours", "a skeleton draft of 3 KB"),
        ("cancel/ours", "a draft cancelled"),
        ("beside_skeleton/ours/alone", "a key alone"),
        ("beside_skeleton/ours/drafting", "a key while the skeleton drafts"),
        ("beside_model/ours/alone", "a key alone"),
        ("beside_model/ours/drafting", "a key while a model decodes"),
    ):
        if (row := at(rows, name)) is not None:
            body.append([title, _spread(row)])
    return "**Drafts** (keys in a note of 30 KB)\n\n" + _table(["", "p50 / p95 / p99, ms"], body)


def _spread(row: Run | None, shares: Sequence[str] = ("p50", "p95", "p99")) -> str:
    return "-" if row is None else " / ".join(_number(row[share]) for share in shares)


def _number(value: float | None) -> str:
    """Three figures that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
