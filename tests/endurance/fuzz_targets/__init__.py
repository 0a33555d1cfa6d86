"""What is fuzzed: each target is a small function from bytes to what was seen, registered by name.

A target raises what the code under it raises. `tests.endurance.fuzz_trial` says which of that is
an answer (an error with a user's message) and which a finding.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Form = Literal["bytes", "text", "json", "toml"]
"""How inputs are changed: ``json`` as trees, ``toml`` by keys and values, all of them as bytes."""

Run = Callable[[bytes, Path], Iterable[object]]
Seeds = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes an input and an empty folder; what it gives says how an input differs.

    ``words`` are put into inputs. No input is longer than ``longest`` bytes. ``quick`` is how many
    inputs the unit tests try.
    """

    name: str
    run: Run
    seeds: Seeds
    form: Form
    words: tuple[str, ...] = ()
    longest: int = 20_000
    quick: int = 200


_TARGETS: dict[str, Target] = {}


def target(
    name: str,
    form: Form,
    seeds: Seeds,
    *,
    words: Iterable[str] = (),
    longest: int = 20_000,
    quick: int = 200,
) -> Callable[[Run], Run]:
    """Register a function as the target ``name``."""

    def register(run: Run) -> Run:
        _TARGETS[name] = Target(name, run, seeds, form, tuple(words), longest, quick)
        return run

    return register


def targets() -> dict[str, Target]:
    """All of them, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_TARGETS.items()))


def text_of(data: bytes) -> str:
    """The text an input stands for; halves of surrogate pairs, which an editor may send, too."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
