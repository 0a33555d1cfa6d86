"""The front matter of a note: YAML between two ``---`` lines at its very beginning.

It tells the note's context and is no part of the record: no section, no fact, no language. Its text
counts in the spans.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from doctorflan_ls.notes.context import KEYS, Problem, Reading, read_context
from doctorflan_ls.text import Span, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 262_144
"""Front matter ends within so many code points; other notes of the stay may stand in it."""

_CLOSING = re.compile(r"(?:\r\n|\n|\r)---[ \t]*(?:\r\n|\n|\r|\Z)")
_OPENING = re.compile(r"---[ \t]*(?=\r|\n)")
# The first line that is neither blank nor a comment has to be a key: a Markdown note may begin
# with a line of hyphens. It stands within so many code points.
_FIRST_KEY = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?[\r\n])*([A-Za-z_][\w-]*)[ \t]*:(?=[ \t\r\n])")
_FIRST_WITHIN = 2000
# A list of notes, each a table, is two deep. The scanner is slow on depth, so more is refused.
_DEEPEST = 6


def front_matter_end(text: Text) -> int:
    """Where the front matter ends, its closing line included; 0 where there is none."""
    if text.slice(Span(0, 3)) != "---":
        return 0
    opening = _OPENING.match(head := text.slice(Span(0, _FIRST_WITHIN)))
    key = _FIRST_KEY.match(head, opening.end()) if opening else None
    if opening is None or key is None or not _is_key(key[1]):
        return 0
    head = text.slice(Span(0, LONGEST))
    closing = _CLOSING.search(head, opening.end())
    if closing is None or (closing.end() == len(head) < len(text)):
        return 0
    return closing.end()


def _is_key(word: str) -> bool:
    """False for a heading of a note (CC: cough), unless a context has it for a key."""
    if word in KEYS:
        return True
    from doctorflan_ls.notes.headings import kinds_named  # noqa: PLC0415  (reads its table)

    return not kinds_named(word)


@lru_cache(maxsize=64)
def read_front_matter(text: str) -> Reading:
    """The context that ``text``, both ``---`` lines included, tells. Never fails."""
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return Reading()
    start = opening.end()
    reading, places = _read(text[start : closing.start()])
    reading.problems = [
        replace(each, span=_moved(each.span or places.get(each.key.partition("[")[0]), start))
        for each in reading.problems
    ]
    return reading


def _moved(span: Span | None, by: int) -> Span | None:
    return None if span is None else Span(span.start + by, span.end + by)


def _read(source: str) -> tuple[Reading, dict[str, Span]]:
    """What ``source`` tells, and where each of its keys stands."""
    import yaml  # noqa: PLC0415  (few notes have front matter)

    try:
        # A few aliases can stand for gigabytes.
        for event in _looked_through(source):
            if isinstance(event, yaml.events.AliasEvent):
                return _no_yaml(source, event.start_mark.line)
        root = yaml.compose(source, yaml.BaseLoader)
        given, places = _value(root), dict(_places(root))
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        mark, place = getattr(error, "problem_mark", None), getattr(error, "position", 0)
        line = source.count("\n", 0, place) if mark is None else mark.line
        return _no_yaml(source, line)
    return read_context({} if given is None or given == "" else given), places


def _looked_through(source: str) -> Iterator[Any]:
    """The events of ``source``; raises RecursionError where it is nested too deeply."""
    import yaml  # noqa: PLC0415

    depth = 0
    for event in yaml.parse(source, yaml.BaseLoader):
        depth += isinstance(event, yaml.events.CollectionStartEvent)
        depth -= isinstance(event, yaml.events.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
        yield event


def _value(node: Any) -> object:  # noqa: ANN401  (PyYAML has no public types)
    """What ``node`` says. Every scalar is text, so that 1E5 or 2024-03-05 stay what was written;
    no tag makes an object."""
    if node is None or isinstance(node.value, str):
        # An escape may stand for half a character, which no message could carry.
        return None if node is None else node.value.encode("utf-8", "replace").decode("utf-8")
    if node.id == "sequence":
        return [_value(each) for each in node.value]
    return {str(_value(key)): _value(value) for key, value in node.value}


def _places(root: Any) -> Iterator[tuple[str, Span]]:  # noqa: ANN401
    if root is not None and root.id == "mapping":
        for key, _ in root.value:
            yield str(_value(key))[:60], Span(key.start_mark.index, key.end_mark.index)


def _no_yaml(source: str, line: int) -> tuple[Reading, dict[str, Span]]:
    """A reading that says which line could not be read; the last that has words, at the latest."""
    document = Text(source)
    last = min(line, document.line_count - 1)
    lines = (document.line_span(at) for at in range(last, -1, -1))
    first = Span(0, len(source))
    span = next((each for each in lines if document.slice(each).strip()), first)
    return Reading(problems=[Problem(str(line + 1), "yaml", span=span)]), {}
