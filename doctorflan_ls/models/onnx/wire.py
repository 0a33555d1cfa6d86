"""The structure of an ONNX file, read without loading it.

Only what is needed to refuse a file before the runtime sees it, and to tell what it is: names,
operators, shapes and where the weights lie. The numbers are those of the public ``onnx.proto``.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from doctorflan_ls.errors import ModelUnavailable

# Far more than any exported language model has; a file beyond is made to keep us busy.
_MAX_FIELDS = 5_000_000
_MAX_DEPTH = 16
_CHUNK_VARINT = 10
EXTERNAL = 1


class Malformed(Exception):
    """The bytes are no protobuf message of the expected kind, or end too early."""


@dataclass(slots=True)
class Weights:
    """A tensor of the file. ``data`` counts its bytes inside the file."""

    dims: list[int] = field(default_factory=list)
    type: int = 0
    data: int = 0
    where: int = 0
    external: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output. A dimension is its length, or the name of one that varies."""

    name: str
    type: int
    dims: tuple[int | str, ...]


@dataclass(slots=True)
class Structure:
    """What an ONNX file says of itself."""

    ir: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    functions: set[tuple[str, str]] = field(default_factory=set)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    initialisers: set[str] = field(default_factory=set)
    weights: list[Weights] = field(default_factory=list)


def read_structure(path: Path) -> Structure:
    """The structure of the file. Raises ModelUnavailable where it is no whole ONNX file."""
    try:
        with path.open("rb") as file:
            # The map is closed with its last view; a file of gigabytes is never read whole.
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        structure = _Reader().model(view)
    except FileNotFoundError:
        raise ModelUnavailable("onnx.missing", file=path.name) from None
    except (OSError, ValueError, Malformed):
        raise ModelUnavailable("onnx.broken", file=path.name) from None
    if not structure.ir or not structure.outputs:
        raise ModelUnavailable("onnx.broken", file=path.name)
    return structure


class _Reader:
    def __init__(self) -> None:
        self._budget = _MAX_FIELDS
        self._found = Structure()

    def model(self, data: memoryview) -> Structure:
        found = self._found
        for number, value in self._fields(data):
            if number == 1:
                found.ir = _integer(value)
            elif number == 7:
                self._graph(_message(value), 0)
            elif number == 8:
                domain, version = "", 0
                for inner, part in self._fields(_message(value)):
                    if inner == 1:
                        domain = _text(part)
                    elif inner == 2:
                        version = _integer(part)
                found.opsets[domain] = version
            elif number == 25:
                self._function(_message(value))
        return found

    def _function(self, data: memoryview) -> None:
        name = domain = ""
        for number, value in self._fields(data):
            if number == 1:
                name = _text(value)
            elif number == 7:
                self._node(_message(value), 1)
            elif number == 10:
                domain = _text(value)
        self._found.functions.add((domain, name))

    def _graph(self, data: memoryview, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise Malformed
        for number, value in self._fields(data):
            if number == 1:
                self._node(_message(value), depth)
            elif number == 5:
                self._tensor(_message(value), outer=depth == 0)
            elif number == 15:
                self._sparse(_message(value))
            elif number == 11 and depth == 0:
                self._found.inputs.append(self._value(_message(value)))
            elif number == 12 and depth == 0:
                self._found.outputs.append(self._value(_message(value)))

    def _node(self, data: memoryview, depth: int) -> None:
        domain = operator = ""
        for number, value in self._fields(data):
            if number == 4:
                operator = _text(value)
            elif number == 7:
                domain = _text(value)
            elif number == 5:
                for inner, part in self._fields(_message(value)):
                    if inner in {6, 11}:
                        self._graph(_message(part), depth + 1)
                    elif inner in {5, 10}:
                        self._tensor(_message(part))
                    elif inner in {22, 23}:
                        self._sparse(_message(part))
        self._found.operators.add((domain, operator))

    def _sparse(self, data: memoryview) -> None:
        for number, value in self._fields(data):
            if number in {1, 2}:
                self._tensor(_message(value))

    def _tensor(self, data: memoryview, *, outer: bool = False) -> None:
        tensor = Weights()
        for number, value in self._fields(data):
            if number == 1:
                tensor.dims.extend(_integers(value))
            elif number == 2:
                tensor.type = _integer(value)
            elif number == 8 and outer:
                self._found.initialisers.add(_text(value))
            elif number in {4, 5, 6, 7, 9, 10, 11}:
                tensor.data += len(value) if isinstance(value, memoryview) else 8
            elif number == 13:
                pair = dict(self._fields(_message(value)))
                tensor.external[_text(pair.get(1, b""))] = _text(pair.get(2, b""))
            elif number == 14:
                tensor.where = _integer(value)
        self._found.weights.append(tensor)

    def _value(self, data: memoryview) -> Value:
        name, kind = "", 0
        dims: list[int | str] = []
        for number, value in self._fields(data):
            if number == 1:
                name = _text(value)
            elif number == 2:
                for inner, tensor in self._fields(_message(value)):
                    if inner == 1:
                        kind, dims = self._tensor_type(_message(tensor))
        return Value(name, kind, tuple(dims))

    def _tensor_type(self, data: memoryview) -> tuple[int, list[int | str]]:
        kind = 0
        dims: list[int | str] = []
        for number, value in self._fields(data):
            if number == 1:
                kind = _integer(value)
            elif number == 2:
                for inner, part in self._fields(_message(value)):
                    if inner == 1:
                        dims.append(self._dimension(_message(part)))
        return kind, dims

    def _dimension(self, data: memoryview) -> int | str:
        for number, value in self._fields(data):
            if number == 1:
                return _integer(value)
            if number == 2:
                name = _text(value)
                # transformers' exporter writes a fixed length as a name made of digits.
                return int(name) if name.isascii() and name.isdigit() else name
        return ""

    def _fields(self, data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
        at, end = 0, len(data)
        while at < end:
            self._budget -= 1
            if self._budget < 0:
                raise Malformed
            tag, at = _varint(data, at)
            number, wire = tag >> 3, tag & 7
            if wire == 2:
                length, at = _varint(data, at)
                if length > end - at:
                    raise Malformed
                yield number, data[at : at + length]
                at += length
            elif wire == 0:
                value, at = _varint(data, at)
                yield number, value
            elif wire in {1, 5}:
                at += 8 if wire == 1 else 4
                if at > end:
                    raise Malformed
            else:
                raise Malformed


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[at : at + _CHUNK_VARINT]:
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed


def _integer(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise Malformed
    return value - (1 << 64) if value >> 63 else value


def _integers(value: int | memoryview) -> Iterator[int]:
    """A repeated integer: one by one, or packed."""
    if isinstance(value, int):
        yield _integer(value)
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield _integer(number)


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise Malformed
    return value


def _text(value: int | memoryview | bytes) -> str:
    if isinstance(value, int):
        raise Malformed
    return bytes(value).decode("utf-8", "replace")


__all__ = ["EXTERNAL", "Structure", "Value", "Weights", "read_structure"]
