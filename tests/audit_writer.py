"""A process that writes to a trail, one event at a time, and says the number of each."""

import sys
from pathlib import Path

from doctorflan_ls.audit import Event
from doctorflan_ls.audit.store import Store


def main() -> None:
    path, name, count = sys.argv[1:]
    store = Store(Path(path), busy_seconds=30)
    for number in range(int(count)):
        event = Event("draft", "ready", 1.0, {"task": name}, counts={"number": number})
        (row,) = store.append([(event, name)])
        print(row.seq, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
