"""The command line's server, with a count of what it holds at each SIGUSR1 or SIGUSR2.

    python counted_server.py FILE ARGUMENTS...

FILE gets one JSON object: asyncio tasks and allocated blocks; at SIGUSR2, once what nobody holds is
collected, also how many objects of each type there are. That one is for an idle server: whoever
lists all objects holds a tuple that is being built, and CPython then fails to grow it. The product
itself has no such hook.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path

from doctorflan_ls.cli import main as main_of_the_command_line


def count(*, kinds: bool) -> dict[str, object]:
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:
        tasks = 0
    held: dict[str, object] = {"tasks": tasks, "blocks": sys.getallocatedblocks()}
    if kinds:
        gc.collect()
        held["blocks"] = sys.getallocatedblocks()
        kinds = Counter(map(type, gc.get_objects()))
        held["kinds"] = {f"{each.__module__}.{each.__name__}": kinds[each] for each in kinds}
    return held


def main() -> None:
    path = Path(sys.argv.pop(1))
    beside = path.with_suffix(".part")

    def answer(number: int, _: object) -> None:
        held = count(kinds=number == signal.SIGUSR2)
        beside.write_text(json.dumps(held), encoding="utf-8")
        beside.replace(path)

    signal.signal(signal.SIGUSR1, answer)
    signal.signal(signal.SIGUSR2, answer)
    main_of_the_command_line()


if __name__ == "__main__":
    main()
