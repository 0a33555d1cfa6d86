"""A soak's samples as an SVG: one strip for each figure."""

from __future__ import annotations

from typing import Any

STRIPS = (
    ("rss_mib", "resident memory, MiB"),
    ("uss_mib", "memory of its own, MiB"),
    ("blocks", "blocks of Python memory"),
    ("threads", "threads"),
    ("handles", "open handles"),
    ("tasks", "asyncio tasks"),
)
_WIDTH, _HEIGHT, _LEFT, _TOP = 760, 90, 70, 30


def picture(result: dict[str, Any]) -> str:
    """The whole run; each strip begins at zero."""
    samples = result["samples"]
    minutes = f"{result['seconds'] / 60:.0f} minutes"
    height = _TOP + len(STRIPS) * (_HEIGHT + 30) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 20} {height}"',
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="18">{result["clients"]} clients, {minutes}; grey: warm-up</text>',
    ]
    for number, (name, title) in enumerate(STRIPS):
        parts += _strip(samples, name, title, _TOP + number * (_HEIGHT + 30), result["seconds"])
    bottom = _TOP + len(STRIPS) * (_HEIGHT + 30)
    parts.append(f'<text x="{_LEFT}" y="{bottom}">0</text>')
    parts.append(f'<text x="{_LEFT + _WIDTH}" y="{bottom}" text-anchor="end">{minutes}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _strip(
    samples: list[dict[str, float]], name: str, title: str, top: int, seconds: float
) -> list[str]:
    highest = max(each[name] for each in samples) * 1.1 or 1.0
    points = " ".join(
        f"{_LEFT + each['at'] / seconds * _WIDTH:.1f},"
        f"{top + 20 + _HEIGHT * (1 - each[name] / highest):.1f}"
        for each in samples
    )
    base = top + 20 + _HEIGHT
    return [
        f'<rect x="{_LEFT}" y="{top + 20}" width="{_WIDTH / 8}" height="{_HEIGHT}" fill="#eee"/>',
        f'<text x="{_LEFT}" y="{top + 14}">{title}</text>',
        f'<text x="{_LEFT - 6}" y="{base}" text-anchor="end">0</text>',
        f'<text x="{_LEFT - 6}" y="{top + 30}" text-anchor="end">{highest:.0f}</text>',
        f'<line x1="{_LEFT}" y1="{base}" x2="{_LEFT + _WIDTH}" y2="{base}" stroke="#999"/>',
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.2"/>',
    ]
