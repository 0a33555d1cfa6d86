"""The curve of a run's loss as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

Point = tuple[int, float]

_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 44, 52
_LEARNT, _MEASURED, _GRID = "#3b6fb6", "#c2452d", "#d8dce3"


def curve_svg(learnt: Sequence[Point], measured: Sequence[Point], title: str) -> str:
    """``learnt`` and ``measured`` are (step, loss in nats for a token) of the two sides."""
    points = [
        (step, loss) for step, loss in (*learnt, *measured) if math.isfinite(loss) and step >= 0
    ]
    steps = max((step for step, _ in points), default=1) or 1
    high = max((loss for _, loss in points), default=1.0)
    low = min((loss for _, loss in points), default=0.0)
    spacing = _spacing(high - low or high or 1.0)
    bottom, top = math.floor(low / spacing) * spacing, math.ceil(high / spacing) * spacing
    frame = _Frame(steps, bottom, top if top > bottom else bottom + spacing)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="13" fill="#20242b">'
    )
    parts = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="26" font-size="15" font-weight="600">{escape(title)}</text>',
        *frame.grid(spacing),
        *_line(frame, learnt, _LEARNT, "loss on the rows learnt / 训练损失", 0),
        *_line(frame, measured, _MEASURED, "on rows kept apart / 验证损失", 1),
        "</svg>",
    ]
    return "\n".join(parts)


class _Frame:
    """Where a point stands in the picture."""

    def __init__(self, steps: int, low: float, high: float) -> None:
        self._steps, self._low, self._high = steps, low, high

    def at(self, step: float, loss: float) -> tuple[float, float]:
        across = _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / self._steps
        up = (loss - self._low) / (self._high - self._low)
        return round(across, 1), round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * up, 1)

    def grid(self, spacing: float) -> list[str]:
        found = []
        digits = max(0, -math.floor(math.log10(spacing)))
        for number in range(round((self._high - self._low) / spacing) + 1):
            loss = self._low + number * spacing
            _, y = self.at(0, loss)
            found.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
            found.append(
                f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{loss:.{digits}f}</text>'
            )
        for part in range(5):
            step = round(self._steps * part / 4)
            x, y = self.at(step, self._low)
            found.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{step}</text>')
        x, y = self.at(self._steps / 2, self._low)
        found.append(f'<text x="{x}" y="{y + 40}" text-anchor="middle">step / 步</text>')
        return found


def _line(frame: _Frame, points: Sequence[Point], colour: str, label: str, place: int) -> list[str]:
    whole = [(step, loss) for step, loss in points if math.isfinite(loss)]
    if not whole:
        return []
    places = [frame.at(step, loss) for step, loss in whole]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    dots = [f'<circle cx="{x}" cy="{y}" r="2.6" fill="{colour}"/>' for x, y in places]
    x, y = _WIDTH - _RIGHT - 310, _TOP + 16 + 20 * place
    return [
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>',
        *(dots if len(dots) <= 60 else ()),
        f'<path d="M{x} {y - 4}h22" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{x + 30}" y="{y}">{escape(label)} ({whole[-1][1]:.3f})</text>',
    ]


def _spacing(reach: float) -> float:
    """A round distance between lines of the grid, four to nine of them."""
    rough = reach / 5
    power = float(10 ** math.floor(math.log10(rough)))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
