"""On which line of a TOML file something stands: the parser keeps no positions.

Good enough for files as people write them: headers and keys at the start of a line. Where a key is
inside an inline table, the line is that of the table.
"""

from __future__ import annotations

import re

_AT_LINE = re.compile(r"\(at line (\d+)[^)]*\)$")
_AT_END = re.compile(r"\(at end of document\)$")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def syntax_error(error: ValueError, source: str) -> tuple[str, int]:
    """What the parser says without its place, and the line."""
    said = str(error)
    found = _AT_LINE.search(said)
    if found is not None:
        return said[: found.start()].rstrip(), int(found[1])
    return _AT_END.sub("", said).rstrip(), max(source.count("\n"), 1)


def line_of(source: str, where: str) -> int:
    """The line, from 1, of the key ``where`` (``elements[1].title.zh``), or of what holds it.

    0 where nothing of it is in the file.
    """
    best, length = 0, 0
    steps = _steps(where)
    table: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(source.splitlines(), start=1):
        header = _HEADER.match(line)
        if header is not None:
            table = _entered(header[2], counts, is_list=header[1] == "[[")
            at = table
        else:
            key = _KEY.match(line)
            if key is None:
                continue
            at = (*table, *_names(key[1]))
        shared = _shared(at, steps)
        if shared == len(at) and shared > length:
            best, length = number, shared
    return best


def _entered(name: str, counts: dict[str, int], *, is_list: bool) -> tuple[str, ...]:
    names = _names(name)
    if is_list:
        counts[name] = counts.get(name, -1) + 1
        return (*names, f"[{counts[name]}]")
    # [elements.title] belongs to the latest of [[elements]].
    owner = next((each for each in counts if names[0] == each), None)
    if owner is not None and len(names) > 1:
        return (owner, f"[{counts[owner]}]", *names[1:])
    return names


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _steps(where: str) -> tuple[str, ...]:
    return tuple(name or f"[{index}]" for name, index in _STEP.findall(where))


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    for count, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return count
    return min(len(one), len(other))
