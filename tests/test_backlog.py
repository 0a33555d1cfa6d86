"""Work that can be late lets the messages of all clients go first."""

from __future__ import annotations

import asyncio

import pytest

from doctorflan_ls.server import backlog
from doctorflan_ls.server.backlog import Inbox, Load
from doctorflan_ls.server.jsonrpc import Notification, Request


def inboxes(load, *sizes):
    made = []
    for size in sizes:
        inbox = Inbox()
        inbox.load = load
        for number in range(size):
            inbox.put(Request(number, "m", None), 10)
        made.append(inbox)
    return made


def test_all_that_waits_is_counted_whoever_sent_it():
    load = Load()
    first, second = inboxes(load, 3, 2)
    assert load.waiting == 5
    first.take()
    second.clear()
    assert load.waiting == 2
    first.put(Notification("n", None), 0)
    first.clear()
    assert load.waiting == 0


async def test_where_nothing_waits_there_is_no_waiting():
    await Load().others_first()


async def test_what_waits_is_handled_first():
    load = Load()
    (inbox,) = inboxes(load, 5)
    order = []

    async def late(name):
        await load.others_first()
        order.append((name, len(inbox)))

    async def handle():
        while inbox:
            order.append(inbox.take().id)
            await asyncio.sleep(0)

    await asyncio.gather(late("a"), late("b"), handle())
    assert order == [0, 1, 2, 3, 4, ("a", 0), ("b", 0)]


async def test_it_is_not_put_off_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backlog, "_LATE_SECONDS", 0.01)
    load = Load()
    inboxes(load, 1)
    async with asyncio.timeout(20):
        await asyncio.gather(*(load.others_first() for _ in range(3)))
    assert load.waiting == 1


async def test_one_that_is_cancelled_holds_nobody_up():
    load = Load()
    (inbox,) = inboxes(load, 1)
    waiting = [asyncio.ensure_future(load.others_first()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    inbox.clear()
    async with asyncio.timeout(20):
        await waiting[1]
