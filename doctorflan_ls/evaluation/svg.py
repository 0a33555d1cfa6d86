"""Plots as SVG text: bars with whiskers, a radar, curves, intervals. No script, no other file.

Words come as `Bilingual`; both languages stand in the plot, the page's style shows one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from doctorflan_ls.tasks.model import Bilingual

# Okabe and Ito (2008): told apart by the colour-blind too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#B8A800")
_LABELS = 170
_WIDTH = 720
_BAR = 12
_GAP = 10


@dataclass(frozen=True, slots=True)
class Series:
    """A model's values, one for each label; None where it has none. ``errors`` are deviations."""

    name: str
    values: Sequence[float | None]
    errors: Sequence[float | None] = ()

    def error(self, at: int) -> float | None:
        """The deviation of value ``at``."""
        return self.errors[at] if at < len(self.errors) else None


def colour(number: int) -> str:
    """The colour of series ``number``, from 0."""
    return COLOURS[number % len(COLOURS)]


def bars(
    title: Bilingual, labels: Sequence[Bilingual], series: Sequence[Series], top: float
) -> str:
    """Horizontal bars from 0 to ``top``, grouped by label, each with its deviation."""
    each = len(series) * _BAR + _GAP
    height = len(labels) * each + 30
    parts = list(_scale(top, height))
    for row, label in enumerate(labels):
        y = row * each + _GAP / 2
        middle = y + len(series) * _BAR / 2 + 4
        parts.append(_text(label, _LABELS - 8, middle, "end"))
        for number, of in enumerate(series):
            value = of.values[row]
            if value is not None:
                style = f'fill="{colour(number)}"'
                parts += _bar(of, row, style, y + number * _BAR, top)
    return _svg(title, _WIDTH, height, parts)


def radar(
    title: Bilingual, labels: Sequence[Bilingual], series: Sequence[Series], top: float
) -> str:
    """One axis for each label, from 0 in the middle to ``top``."""
    width, height, radius = 620.0, 480.0, 200.0
    middle, centre = width / 2, height / 2

    def at(axis: int, value: float) -> tuple[float, float]:
        angle = 2 * math.pi * axis / len(labels) - math.pi / 2
        reach = radius * value / top
        return middle + reach * math.cos(angle), centre + reach * math.sin(angle)

    parts = []
    for ring in range(1, 6):
        corners = [at(axis, top * ring / 5) for axis in range(len(labels))]
        parts.append(f'<polygon class="grid" points="{_points(corners)}"/>')
        parts.append(_plain(middle + 3, centre - radius * ring / 5 - 2, f"{top * ring / 5:g}"))
    for axis, label in enumerate(labels):
        x, y = at(axis, top)
        parts.append(f'<line class="grid" x1="{middle}" y1="{centre}" x2="{x:.1f}" y2="{y:.1f}"/>')
        x, y = at(axis, top * 1.07)
        anchor = "middle" if abs(x - middle) < 5 else "start" if x > middle else "end"
        parts.append(_text(label, x, y + 4, anchor))
    for number, of in enumerate(series):
        corners = [at(axis, value or 0.0) for axis, value in enumerate(of.values)]
        style = f'fill="{colour(number)}" fill-opacity="0.12" stroke="{colour(number)}"'
        name = escape(of.name)
        parts.append(
            f'<polygon {style} stroke-width="2" points="{_points(corners)}">'
            f"<title>{name}</title></polygon>"
        )
    return _svg(title, width, height, parts)


def curves(
    title: Bilingual, labels: Sequence[Bilingual], series: Sequence[Series], top: float
) -> str:
    """A line for each series over the labels, with deviations."""
    width, height, left, floor = 560.0, 300.0, 50.0, 260.0
    step = (width - left - 60) / max(len(labels) - 1, 1)

    def y(value: float) -> float:
        return floor - (floor - 20) * value / top

    parts = []
    for tick in range(6):
        value = top * tick / 5
        line = f'x1="{left}" y1="{y(value):.1f}" x2="{width - 30}" y2="{y(value):.1f}"'
        parts.append(f'<line class="grid" {line}/>')
        parts.append(_plain(left - 8, y(value) + 4, f"{value:g}", "end"))
    for at, label in enumerate(labels):
        parts.append(_text(label, left + 20 + at * step, floor + 20, "middle"))
    for number, of in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * 5
        there = [
            (left + 20 + at * step + shift, value, of.error(at))
            for at, value in enumerate(of.values)
            if value is not None
        ]
        corners = _points([(x, y(value)) for x, value, _ in there])
        style = f'fill="none" stroke="{colour(number)}" stroke-width="2"'
        parts.append(f'<polyline {style} points="{corners}"/>')
        for x, value, error in there:
            told = f"<title>{escape(of.name)}: {value:.2f}</title>"
            parts.append(_dot(x, y(value), number, told))
            if error:
                low, high = y(max(value - error, 0)), y(min(value + error, top))
                parts.append(_whisker(x, low, x, high))
    return _svg(title, width, height, parts)


def intervals(title: Bilingual, rows: Sequence[tuple[str, float, float, float]]) -> str:
    """For each row its name, a value, and the interval around it; zero is marked."""
    reach = max((abs(bound) for row in rows for bound in row[1:]), default=1.0) or 1.0
    left, width, each = 300.0, _WIDTH, 26.0
    half = (width - left - 60) / 2
    middle = left + half

    def x(value: float) -> float:
        return middle + half * value / reach

    height = len(rows) * each + 30
    zero = f'x1="{middle}" y1="0" x2="{middle}" y2="{height - 25}"'
    parts = [f'<line class="axis" {zero}/>']
    parts += [
        _plain(x(tick), height - 8, f"{tick:+.2f}" if tick else "0", "middle")
        for tick in (-reach, 0.0, reach)
    ]
    for number, (name, value, low, high) in enumerate(rows):
        y = number * each + each / 2
        parts.append(_plain(left - 10, y + 4, name, "end"))
        ends = f'x1="{x(low):.1f}" y1="{y}" x2="{x(high):.1f}" y2="{y}"'
        told = f"<title>{escape(name)}: {value:+.2f} [{low:+.2f}, {high:+.2f}]</title>"
        parts.append(f'<line stroke="{COLOURS[0]}" stroke-width="3" {ends}>{told}</line>')
        parts.append(f'<circle cx="{x(value):.1f}" cy="{y}" r="5" fill="{COLOURS[0]}"/>')
    return _svg(title, width, height, parts)


def _scale(top: float, height: float) -> Iterator[str]:
    for tick in range(6):
        x = _LABELS + (_WIDTH - _LABELS - 50) * tick / 5
        yield f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height - 25}"/>'
        yield _plain(x, height - 8, f"{top * tick / 5:g}", "middle")


def _bar(of: Series, row: int, style: str, y: float, top: float) -> Iterator[str]:
    reach = (_WIDTH - _LABELS - 50) / top
    value, error = of.values[row] or 0.0, of.error(row)
    told = f"{of.name}: {value:.2f}" + ("" if error is None else f" ± {error:.2f}")
    place = f'x="{_LABELS}" y="{y:.1f}" width="{reach * value:.1f}" height="{_BAR - 2}"'
    yield f"<rect {place} {style}><title>{escape(told)}</title></rect>"
    if error:
        low, high = (_LABELS + reach * bound for bound in (max(value - error, 0), value + error))
        at = y + (_BAR - 2) / 2
        yield _whisker(low, at, high, at)


def _dot(x: float, y: float, number: int, told: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour(number)}">{told}</circle>'


def _whisker(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="whisker" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _svg(title: Bilingual, width: float, height: float, parts: Sequence[str]) -> str:
    name = escape(f"{title.zh} / {title.en}", quote=True)
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{name}"'
    return f'{head} style="max-width:{width:g}px">' + "".join(parts) + "</svg>"


def _text(words: Bilingual, x: float, y: float, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return "".join(
        f'<text class="{language}" {place}>{escape(said)}</text>'
        for language, said in (("zh", words.zh), ("en", words.en))
    )


def _plain(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text class="quiet" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
    )


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


__all__ = ["COLOURS", "Series", "bars", "colour", "curves", "intervals", "radar"]
