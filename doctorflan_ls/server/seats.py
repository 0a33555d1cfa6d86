"""How many clients one process serves at a time."""

from __future__ import annotations

# Several departments of a hospital. Each client takes a handle, and no more than half of them may:
# asyncio accepts a hundred at a time, and those that find no seat hold theirs for some turns.
_MOST_CLIENTS = 512


class Seats:
    """The places for clients; one that finds none is told so and sent away."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> bool:
        """Take one; False where none is left."""
        if self._free < 1:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Give one back."""
        self._free += 1


def seats() -> Seats:
    """As many as this process has handles for."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return Seats(_MOST_CLIENTS)
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = handles in (-1, resource.RLIM_INFINITY)
    return Seats(_MOST_CLIENTS if unlimited else min(_MOST_CLIENTS, handles // 2))
