"""The custom requests on docs/protocol.md, from the schemas of their messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

_SCHEMAS = Path(__file__).parent.parent / "schemas" / "protocol"
# The order of use: a draft, its review, what else an editor asks for, what a panel shows.
_REQUESTS = (
    *("draft", "review", "drafts", "outgoing", "check", "context"),
    *("tasks", "analysis", "status"),
)


def requests() -> str:
    """All custom requests, a section for each."""
    known = {path.stem for path in _SCHEMAS.glob("*.json")}
    if known != set(_REQUESTS):
        msg = f"scripts/protocol_page.py lacks or invents {known ^ set(_REQUESTS)}"
        raise SystemExit(msg)
    return "\n\n".join(_request(name) for name in _REQUESTS)


def _request(name: str) -> str:
    schema = json.loads((_SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    shapes: Schema = schema["$defs"]
    parts = [f"### {schema['title']}", schema["description"]]
    parts += _tables("parameter", shapes["params"], shapes)
    if "partialResult" in shapes:
        parts.append(shapes["partialResult"]["description"])
        parts += _tables("in a partial result", shapes["partialResult"], shapes)
    parts += _tables("result", shapes["result"], shapes)
    return "\n\n".join(parts)


def _tables(title: str, shape: Schema, shapes: Schema) -> Iterator[str]:
    """The table of an object, then those of the objects inside it."""
    fields: dict[str, Schema] = shape.get("properties", {})
    if not fields:
        yield "No parameters."
        return
    required = shape.get("required", ())
    rows = [f"| {title} | meaning |", "| --- | --- |"]
    for name, field in fields.items():
        optional = " (optional)" if name not in required else ""
        rows.append(f"| `{name}`{optional} | {_meaning(name, field, shapes)} |")
    yield "\n".join(rows)
    for name, field in fields.items():
        inner = _inner(field, shapes)
        if inner is not None:
            yield from _tables(f"in `{name}`", inner, shapes)


def _meaning(name: str, field: Schema, shapes: Schema) -> str:
    told = field.get("description") or _resolved(field, shapes).get("description")
    if told is None:
        msg = f"the schemas say nothing of {name}"
        raise SystemExit(msg)
    words = _words(field)
    return f"{told} {words}".strip().replace("|", "\\|")


def _words(field: Schema) -> str:
    """The values of an enumeration that the description does not name already."""
    values = [json.dumps(each) if not isinstance(each, str) else each for each in _values(field)]
    told = field.get("description", "")
    if all(f"`{each}`" in told for each in values):
        return ""
    return "One of " + ", ".join(f"`{each}`" for each in values) + "."


def _values(field: Schema) -> list[Any]:
    return [*field.get("enum", ()), *([field["const"]] if "const" in field else ())]


def _resolved(field: Schema, shapes: Schema) -> Schema:
    reference = field.get("$ref")
    return field if reference is None else shapes[reference.rpartition("/")[2]]


def _inner(field: Schema, shapes: Schema) -> Schema | None:
    """The object that ``field`` is, lists, maps by key, or may be; None where LSP or another
    schema has its form."""
    found = _resolved(field, shapes)
    if ".schema.json" in field.get("description", ""):
        return None
    options = [found, found.get("items"), found.get("additionalProperties")]
    options += found.get("oneOf", ())
    for option in options:
        if isinstance(option, dict):
            reference = option.get("$ref", field.get("$ref", "")).rpartition("/")[2]
            shape = _resolved(option, shapes)
            if shape.get("properties") and reference not in ("range", "position", "textDocument"):
                return shape
    return None
