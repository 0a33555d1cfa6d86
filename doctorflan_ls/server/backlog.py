"""What waits between a client and the server, in both directions, and how much of it may.

A client that sends faster than it is answered is read no further; one that does not read is asked
no more of, is spared what can wait, and is left in the end. So none costs more memory than these
bounds, whatever it does.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import TYPE_CHECKING, Protocol

from doctorflan_ls.server.jsonrpc import Message, Request

if TYPE_CHECKING:
    from doctorflan_ls.server.jsonrpc import MessageId

# Received and not handled: beyond either no more is read.
MOST_WAITING = 1000
MOST_WAITING_BYTES = 16 * 1024 * 1024
# Requests of one client that run at once: an editor has a few dozen at its busiest.
MOST_RUNNING = 256
# Questions of ours that a client may leave unanswered; the oldest are given up.
MOST_ASKED = 256
# Written and not taken by the client. Beyond the first, what can be told later is; beyond the
# second its next messages wait; beyond the third it is left.
BEHIND_BYTES = 1024 * 1024
MOST_UNREAD_BYTES = 4 * 1024 * 1024
GIVE_UP_BYTES = 64 * 1024 * 1024
# What lets others go first waits so long at the most.
_LATE_SECONDS = 1.0


class Sink(Protocol):
    """Where message bodies go; ``write`` never blocks."""

    @property
    def unread(self) -> int:
        """Bytes that were written and that the client has not taken."""

    def write(self, body: bytes) -> None:
        """Queue one message body."""

    async def drain(self) -> None:
        """Return once ``MOST_UNREAD_BYTES`` or less are unread."""

    def give_up(self) -> None:
        """Drop what is unread and leave the client; nothing is written after it."""


class Load:
    """What waits for the event loop, of all clients together."""

    def __init__(self) -> None:
        self.waiting = 0
        """Messages received and not yet handled."""
        self._turn = asyncio.Lock()

    async def others_first(self) -> None:
        """Return once no message waits, one caller after the other; soon in any case.

        For work that can be a little late: where more doctors type than can be served at once,
        each still has a completion at once, and findings of the latest text a moment later.
        """
        loop = asyncio.get_running_loop()
        latest = loop.time() + _LATE_SECONDS
        async with self._turn:
            # Each turn of the loop takes more from the sockets; an event would come too soon.
            while self.waiting and loop.time() < latest:  # noqa: ASYNC110
                await asyncio.sleep(0)


class Inbox:
    """Messages that were received and wait to be handled, in order; ``load`` counts them too."""

    def __init__(self) -> None:
        self.load = Load()
        self._messages: deque[tuple[Message, int]] = deque()
        self._bytes = 0
        self._asked: Counter[MessageId] = Counter()
        self._shrunk = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message, size: int) -> None:
        """Add a message that took ``size`` bytes."""
        self._messages.append((message, size))
        self.load.waiting += 1
        self._bytes += size
        if isinstance(message, Request):
            self._asked[message.id] += 1

    def take(self) -> Message:
        """The oldest message."""
        message, size = self._messages.popleft()
        self.load.waiting -= 1
        self._bytes -= size
        if isinstance(message, Request):
            self._asked[message.id] -= 1
            if not self._asked[message.id]:
                del self._asked[message.id]
        self._shrunk.set()
        return message

    def clear(self) -> None:
        """Drop all."""
        self.load.waiting -= len(self._messages)
        self._messages.clear()
        self._bytes = 0
        self._asked.clear()
        self._shrunk.set()

    def asks(self, message_id: MessageId) -> bool:
        """True where a request with this id waits; as fast in a flood of cancellations."""
        return message_id in self._asked

    @property
    def is_full(self) -> bool:
        """True where no more is to be read."""
        return len(self._messages) > MOST_WAITING or self._bytes > MOST_WAITING_BYTES

    async def room(self) -> None:
        """Wait while it is full."""
        while self.is_full:
            self._shrunk.clear()
            await self._shrunk.wait()
