"""A file that describes a run, with every key: what ``tune new`` writes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, cast

from doctorflan_ls.tuning.keys import SECTIONS

_FILLED = {
    "base.model": "./Qwen3-0.6B",
    "base.licence": "Apache-2.0",
    "data.files": ["DoctorFLAN/train.parquet"],
    "run.folder": "runs/first",
}
_WIDTH = 96


def example() -> str:
    """The text: keys without a default are filled in, the others stand at theirs."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# doctorflan-ls tune run THIS-FILE; paths are relative to this file's folder."
    for name, kind in SECTIONS.items():
        yield ""
        yield f"# {kind.__doc__}"
        yield f"[{name}]"
        for each in fields(cast("Any", kind)):
            yield from (f"# {line}" for line in textwrap.wrap(each.metadata["doc"], _WIDTH))
            value = _FILLED.get(f"{name}.{each.name}", each.metadata["default"])
            shown = list(value) if isinstance(value, tuple) else value
            yield f"{each.name} = {json.dumps(shown, ensure_ascii=False)}"
    yield ""
