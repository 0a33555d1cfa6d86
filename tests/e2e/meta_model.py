"""Messages made from the protocol's own types: what lsprotocol generated from LSP's meta-model, and
our own JSON Schemas.

``valid`` and ``fitting`` make an instance; ``spoilt`` takes one and does something to it that the
types forbid. All choices come from the ``random.Random`` that is handed in.
"""

from __future__ import annotations

import copy
import enum
import functools
import json
import re
import types as builtin_types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import attrs
from lsprotocol import types
from lsprotocol.converters import get_converter

ROOT = Path(__file__).resolve().parents[2]
# Deep enough for every parameter; what is optional is left out from here on.
_DEEPEST = 7
STRINGS = (
    "",
    "x",
    "主诉",
    "𠮷😀",
    "a\r\nb",
    "\u2028",
    "\ud800",
    "\x00",
    "/",
    "%",
    "zh-CN",
    "w" * 300,
)
URIS = ("untitled:x", "", "http://h/x", "file://host/x", "no uri", "file:///\x00", "file:///\udc80")
HUGE = (2**31, -(2**31) - 1, 2**63, 10**40, 1e308, -1)


class Maker:
    """Makes parameters; ``uris`` are those that a document may have."""

    def __init__(self, random: Random, uris: Sequence[str]) -> None:
        self.random = random
        self.uris = uris

    def valid(self, kind: Any, name: str = "", depth: int = 0) -> Any:
        """An instance of a Python type of lsprotocol, as JSON; ``name`` is the field's."""
        if kind is type(None) or kind is None:
            return None
        if isinstance(kind, ForwardRef):
            kind = getattr(types, kind.__forward_arg__)
        origin = get_origin(kind)
        if origin is not None:
            return self._generic(origin, get_args(kind), name, depth)
        if attrs.has(kind):
            return self._object(kind, depth)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return self.random.choice(list(kind)).value
        return self._plain(kind, name)

    def _generic(self, origin: Any, arguments: tuple[Any, ...], name: str, depth: int) -> Any:
        if origin in (Union, builtin_types.UnionType):
            chosen = [each for each in arguments if depth < _DEEPEST or not attrs.has(each)]
            return self.valid(self.random.choice(chosen or arguments), name, depth)
        if origin is Literal:
            return self.random.choice(arguments)
        if issubclass(origin, tuple):
            return [self.valid(each, name, depth + 1) for each in arguments]
        if issubclass(origin, Mapping):
            keys = [self.valid(arguments[0], "uri", depth) for _ in range(self._few(depth))]
            return {str(key): self.valid(arguments[1], name, depth + 1) for key in keys}
        assert issubclass(origin, Sequence), origin
        return [self.valid(arguments[0], name, depth + 1) for _ in range(self._few(depth))]

    def _few(self, depth: int) -> int:
        return 0 if depth >= _DEEPEST else self.random.choice((0, 1, 1, 2))

    def _object(self, kind: type, depth: int) -> dict[str, Any]:
        made = {}
        for field in _fields(kind):
            if field.default is None and (depth >= _DEEPEST or self.random.random() < 0.4):
                continue
            # The names of kinds, which lsprotocol has as strings with one value.
            only = getattr(field.validator, "options", None)
            value = only[0] if only else self.valid(field.type, field.name, depth + 1)
            made[_wire(field.name)] = value
        return made

    def _plain(self, kind: Any, name: str) -> Any:
        if kind is str:
            return self.random.choice(self.uris if "uri" in name else STRINGS)
        if kind is bool:
            return self.random.random() < 0.5
        if kind is int:
            return self.random.choice((0, 1, 2, 3, 5, 40, 2**31 - 1))
        if kind is float:
            return self.random.choice((0.0, 0.5, 1e300))
        return self.anything()

    def anything(self, depth: int = 0) -> Any:
        """Any JSON."""
        one = self.random.randrange(8 if depth < 3 else 6)
        if one == 6:
            return [self.anything(depth + 1) for _ in range(2)]
        if one == 7:
            return {key: self.anything(depth + 1) for key in ("uri", "task", "x")}
        words = self.random.choice(STRINGS), self.random.choice(self.uris)
        return (None, True, self.random.choice(HUGE), *words, 0)[one]

    def fitting(self, schema: dict[str, Any], root: dict[str, Any], name: str = "") -> Any:
        """An instance of a JSON Schema of ours; ``root`` has its ``$defs``."""
        if "$ref" in schema:
            target: Any = root
            for key in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(key, {})
            return self.fitting(target, root, name)
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum") or [schema["const"]])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.fitting(self.random.choice(schema[several]), root, name)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.random.choice(kind)
        if kind == "object":
            return {
                key: self.fitting(inner, root, key)
                for key, inner in schema.get("properties", {}).items()
                if key in schema.get("required", ()) or self.random.random() < 0.5
            }
        if kind == "array":
            inner = schema.get("items", {})
            count = schema.get("minItems", self.random.choice((0, 1, 2)))
            return [self.fitting(inner, root, name) for _ in range(count)]
        python = {"string": str, "integer": int, "number": float, "boolean": bool, "null": None}
        return self._plain(python[kind], name) if kind in python else self.anything()

    def spoilt(self, value: Any) -> Any:
        """``value`` with one to three things in it that do not belong there."""
        holder = [copy.deepcopy(value)]
        for _ in range(self.random.choice((1, 1, 2, 3))):
            places = list(_places(holder))
            container, key = self.random.choice(places)
            self._spoil(container, key)
        return holder[0]

    def _spoil(self, container: Any, key: Any) -> None:
        random = self.random
        value = container[key]
        worse: list[Any] = [None, [], {}, [[]], "no-such", random.choice(HUGE), self.anything()]
        if isinstance(value, str):
            worse += [random.choice(URIS), value + "\x00", "w" * 100_000]
        if isinstance(value, int):
            worse += [-1, random.choice(HUGE), value + 0.5, str(value), 999]
        if isinstance(value, dict):
            worse += [{**value, "extra": self.anything()}, [value]]
            if value and random.random() < 0.5:
                del value[random.choice(list(value))]
                return
        if isinstance(value, list):
            worse += [[*value, None], [*value, 7], {"0": value}]
        container[key] = random.choice(worse)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(inner):
        yield value, key
        if isinstance(each, dict | list):
            yield from _places(each)


@functools.cache
def _fields(kind: type) -> tuple[Any, ...]:
    attrs.resolve_types(kind, vars(types))
    return tuple(attrs.fields(kind))


def _wire(name: str) -> str:
    """A field's name in JSON, as lsprotocol's converter writes it."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), name.rstrip("_"))


@functools.cache
def converter() -> Any:
    """What reads and writes lsprotocol's types."""
    return get_converter()


def methods(*directions: str, answered: bool) -> list[str]:
    """Requests (``answered``) or notifications that are sent in one of the ``directions``."""
    return [
        method
        for method, (_, response, *_) in types.METHOD_TO_TYPES.items()
        if types.message_direction(method) in directions and (response is not None) == answered
    ]


def params_type(method: str) -> Any:
    """The type of the parameters of ``method``."""
    message = types.METHOD_TO_TYPES[method][0]
    return next(each.type for each in _fields(message) if each.name == "params")


def structured(method: str, answer: dict[str, Any]) -> Any:
    """The answer as lsprotocol's response to ``method``; raises where it is none."""
    return converter().structure(answer, types.METHOD_TO_TYPES[method][1])


def own_schemas() -> dict[str, dict[str, Any]]:
    """Our custom messages' schemas by method."""
    return {
        f"doctorflan/{path.stem}": json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "schemas" / "protocol").glob("*.json"))
    }
