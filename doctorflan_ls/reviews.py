"""Why drafts are discarded or changed, and findings put aside: coded reasons, from ``data/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from doctorflan_ls.tasks.model import Bilingual


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason; ``id`` goes into events, ``title`` is what a doctor chooses."""

    id: str
    title: Bilingual


@cache
def review_reasons() -> tuple[Reason, ...]:
    """The reasons to discard or change a draft, in the order they are offered."""
    return _reasons("review_reasons.toml")


@cache
def dismiss_reasons() -> tuple[Reason, ...]:
    """The reasons to put a finding aside, in the order they are offered."""
    return _reasons("dismiss_reasons.toml")


def _reasons(name: str) -> tuple[Reason, ...]:
    source = files("doctorflan_ls").joinpath("data", name)
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["reason"]
    return tuple(Reason(row["id"], Bilingual(**row["title"])) for row in rows)
