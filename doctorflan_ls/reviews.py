"""Why drafts are discarded or changed: coded reasons, from ``data/review_reasons.toml``."""

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
    """The reasons in the order they are offered."""
    source = files("doctorflan_ls").joinpath("data", "review_reasons.toml")
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["reason"]
    return tuple(Reason(row["id"], Bilingual(**row["title"])) for row in rows)
