"""The vocabulary: syndromes, signs of tongue and pulse, herbs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctorflan_ls.notes.facts.vocabulary import TermEntry, TermKind
from doctorflan_tcm.tables import rows, several

# A shorter name without 证 is a word of the language (气虚, 血热), no syndrome that is stated.
_SHORTEST_BARE = 4
# Without 证 these say what happens in the body (脾失健运, 胃气上逆), not which syndrome it is.
_MECHANISM = re.compile("失|上逆$")
_VESSELS = "动静门冠筋血经络脐隐"
_PREFIXES: dict[str, tuple[tuple[str, str], ...]] = {
    "tongue": (("舌", "舌质"), ("舌", "舌体"), ("舌", "舌象")),
    "coating": (("苔", "舌苔"),),
    "pulse": (("脉", "脉象"), ("脉", "脉象：")),
    "pulse_named": (("脉", "脉象"), ("脉", "脉象：")),
    "vein": (),
}


def entries() -> Iterator[TermEntry]:
    """All terms; a name that the core knows stays the core's."""
    yield from _syndromes()
    yield from _signs()
    yield _vessels()
    yield from _herbs()


def _syndromes() -> Iterator[TermEntry]:
    for _, name, related, english in rows("syndromes"):
        yield _entry("diagnosis", _forms(name), english, offered=True)
        for other in several(related):
            yield _entry("diagnosis", _forms(other), "", offered=False)


def _forms(name: str) -> tuple[str, ...]:
    bare = name.removesuffix("证")
    stated = len(bare) >= _SHORTEST_BARE and _MECHANISM.search(bare) is None
    short = (bare,) if stated else ()
    return (name, f"{bare}型", *short)


def _signs() -> Iterator[TermEntry]:
    for group, name, related, english in rows("signs"):
        yield _entry("sign", _written(group, name), english, offered=True)
        for other in several(related):
            yield _entry("sign", _written(group, other), "", offered=False)


def _vessels() -> TermEntry:
    """Words that hold a pulse and are none: 动脉细, 主动脉结."""
    pulses = [name for group, name, _, _ in rows("signs") if group == "pulse" and len(name) == 2]
    told = tuple(vessel + pulse for pulse in pulses for vessel in _VESSELS)
    return TermEntry(kind="trap", zh=told, offered=False)


def _written(group: str, name: str) -> tuple[str, ...]:
    """``name`` and the longer forms that mean the same."""
    longer = [
        name.replace(short, long, 1)
        for short, long in _PREFIXES[group]
        if name.startswith(short) and not name.startswith(long)
    ]
    return tuple(longer) if group == "pulse_named" else (name, *longer)


def _entry(kind: TermKind, zh: tuple[str, ...], english: str, *, offered: bool) -> TermEntry:
    return TermEntry(kind=kind, zh=zh, en=(english,) if english else (), offered=offered)


def _herbs() -> Iterator[TermEntry]:
    """Herbs are completed, but not read as drugs: a prescription lists a dozen of them."""
    for name, _, latin, _ in rows("herbs"):
        if latin:
            yield TermEntry(kind="drug", zh=(name,), en=(latin,), recognised=False)
