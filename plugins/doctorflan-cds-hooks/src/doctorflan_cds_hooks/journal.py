"""The journal: one JSON line for each event, appended and never changed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.audit import Event

VARIABLE = "CDS_HOOKS_JOURNAL"
"""The environment variable that names the journal's file."""


def journal_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file that `VARIABLE` names, else ``events.jsonl`` in the user's data folder."""
    chosen = environment.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_dir  # noqa: PLC0415  (most calls name a file)

    return Path(user_data_dir("doctorflan-ls", appauthor=False)) / "events.jsonl"


@dataclass(frozen=True, slots=True)
class Journal:
    """A file that several processes may append to at the same time."""

    path: Path

    def append(self, event: Event) -> None:
        """Write ``event`` as one line and wait until the disk has it.

        One write in append mode: a local file system puts it behind what others wrote. Raises
        OSError.
        """
        line = json.dumps(event.to_json(), separators=(",", ":")).encode("ascii") + b"\n"
        file = self._opened()
        try:
            if os.write(file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(file)
        finally:
            os.close(file)

    def check(self) -> None:
        """Make the file where there is none; raises OSError where it cannot be written."""
        os.close(self._opened())

    def _opened(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The mode counts for a new file; who may read an old one is its owner's affair.
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
