"""Changes of an input: of its bytes, its characters, its lines, its values or its tree."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.endurance.fuzz_targets import Target, text_of
from tests.endurance.fuzz_values import BYTES, CHARACTERS, JSON_VALUES, NUMBERS, TOML_VALUES

Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

_NUMBER = re.compile(r"[0-9０-９]+(?:\.[0-9]+)?")


def mutated(target: Target, data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """``data`` changed once or a few times, no longer than the target's limit."""
    changes = _CHANGES[target.form]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if target.words and chance.random() < 0.15:
            data = _with_word(data, chance, target.words)
        else:
            data = chance.choice(changes)(data, chance, others)
        data = data[: target.longest]
    return data


def _cut(data: Sequence[Any], chance: random.Random, most: int = 40) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    size = chance.choice((1, 2, chance.randint(0, most), chance.randint(0, max(len(data), 1))))
    return start, min(start + size, len(data))


def _with_word(data: bytes, chance: random.Random, words: Sequence[str]) -> bytes:
    at, end = _cut(data, chance, 8)
    word = chance.choice(words).encode("utf-8", "surrogatepass")
    return data[:at] + word + data[chance.choice((at, end)) :]


def _flip(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x00"
    at = chance.randrange(len(data))
    value = chance.choice((data[at] ^ (1 << chance.randrange(8)), chance.randrange(256)))
    return data[:at] + bytes((value,)) + data[at + 1 :]


def _number_bytes(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A binary length, count or offset of 1 to 8 bytes, or a varint."""
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice((0, 1, 0x7F, 0xFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1))
    at = chance.randint(0, len(data))
    packed = (value % 2 ** (8 * size)).to_bytes(size, chance.choice(("little", "big")))
    return data[:at] + packed + data[at + size :]


def _drop(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _cut(data, chance)
    return data[:start] + data[end:]


def _end(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


def _odd_bytes(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(BYTES) + data[at:]


def _splice(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others) if others else data
    at, (start, end) = chance.randint(0, len(data)), _cut(other, chance, 400)
    return data[:at] + other[start:end] + data[chance.choice((at, len(data))) :]


def _repeat(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    """A piece many times over: what backtracks, or counts pairs, shows there."""
    text = text_of(data)
    start, end = _cut(text, chance, 12)
    times = chance.choice((2, 3, 10, 100, 1000))
    grown = text[:start] + text[start:end] * times + text[chance.choice((start, end)) :]
    return grown.encode("utf-8", "surrogatepass")


def _character(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    text = text_of(data)
    at = chance.randint(0, len(text))
    keep = chance.choice((0, 0, 1))
    changed = text[:at] + chance.choice(CHARACTERS) + text[at + keep :]
    return changed.encode("utf-8", "surrogatepass")


def _piece(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Characters of this or another input, moved or copied to somewhere else."""
    text = text_of(data)
    other = text_of(chance.choice(others)) if others and chance.random() < 0.5 else text
    start, end = _cut(other, chance, 60)
    at, until = _cut(text, chance, 60)
    changed = text[:at] + other[start:end] + text[chance.choice((at, until)) :]
    return changed.encode("utf-8", "surrogatepass")


def _number(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    text = text_of(data)
    found = list(_NUMBER.finditer(text))
    if not found:
        return data
    one = chance.choice(found)
    value = chance.choice((*NUMBERS, one[0] * 2, one[0][:-1], str(chance.randint(0, 10**6))))
    changed = text[: one.start()] + value + text[one.end() :]
    return changed.encode("utf-8", "surrogatepass")


def _lines(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            more = chance.choice(others).split(b"\n") if others else lines
            lines.insert(at, chance.choice(more))
    return b"\n".join(lines)


def _tree(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """A value in one of the input's JSON lines, or in all of it, put in another's place."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    for start, end in ((at, at + 1), (0, len(lines))):
        try:
            made = json.loads(b"\n".join(lines[start:end]))
            changed = json.dumps(_changed(made, chance, others), ensure_ascii=chance.random() < 0.5)
        except (ValueError, RecursionError):
            continue
        lines[start:end] = [changed.encode("utf-8", "surrogatepass")]
        return b"\n".join(lines)
    return _character(data, chance, others)


def _changed(made: Any, chance: random.Random, others: Sequence[bytes]) -> Any:
    if isinstance(made, dict) and made and chance.random() < 0.85:
        key = chance.choice(list(made))
        rest = {name: value for name, value in made.items() if name != key}
        match chance.randrange(10):
            case 0:
                return rest
            case 1:
                return {**rest, chance.choice(("", "x", "\ud800", "id", key * 2)): made[key]}
            case _:
                return {**made, key: _changed(made[key], chance, others)}
    if isinstance(made, list) and made and chance.random() < 0.85:
        at = chance.randrange(len(made))
        match chance.randrange(8):
            case 0:
                return made[:at] + made[at + 1 :]
            case 1:
                return [*made, made[at]] * chance.choice((1, 2, 30))
            case _:
                return [*made[:at], _changed(made[at], chance, others), *made[at + 1 :]]
    if isinstance(made, str) and chance.random() < 0.6:
        change = chance.choice((_character, _number, _piece, _repeat))
        return text_of(change(made.encode("utf-8", "surrogatepass"), chance, others))[:20_000]
    if isinstance(made, int) and chance.random() < 0.5:
        return made + chance.choice((-1, 1, 2, 100, 2**31))
    value = chance.choice(JSON_VALUES)
    return {"deep": _deep(chance.choice((3, 50)))} if chance.random() < 0.03 else value


def _deep(levels: int) -> Any:
    made: Any = []
    for level in range(levels):
        made = [made] if level % 2 else {"a": made}
    return made


def _toml(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    name, equals, value = lines[at].partition(b"=")
    new = chance.choice(TOML_VALUES).encode()
    match chance.randrange(5):
        case 0:
            lines.insert(at, b"[" + name.strip(b" []") + b"." + b"x" + b"]")
        case 1:
            lines.insert(at, chance.choice((b"x = ", b"'' = ", b'"\\n" = ', b"id = ")) + new)
        case 2 if equals:
            lines[at] = chance.choice((b"x", b"a.b.c", b'"a\\u2028b"', name * 2)) + equals + value
        case _ if equals:
            lines[at] = name + equals + b" " + new
        case _:
            lines[at] = b"[[" + lines[at].strip(b"[]") + b"]]"
    return b"\n".join(lines)


_OF_BYTES: tuple[Change, ...] = (_flip, _number_bytes, _drop, _end, _odd_bytes, _splice)
_OF_TEXT: tuple[Change, ...] = (_drop, _repeat, _character, _character, _piece, _piece, _number)
_CHANGES: dict[str, tuple[Change, ...]] = {
    "bytes": (*_OF_BYTES, *_OF_BYTES, _repeat, _lines),
    "text": (*_OF_TEXT, *_OF_TEXT, _lines, _lines, *_OF_BYTES),
    "json": (*(_tree,) * 10, *_OF_TEXT, _lines, _lines, _odd_bytes, _splice),
    "toml": (*(_toml,) * 8, *_OF_TEXT, _lines, _lines, _odd_bytes, _splice),
}
