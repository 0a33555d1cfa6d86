"""Partial results: the first piece at once, later ones gathered, another draft from 0 again."""

from __future__ import annotations

import asyncio

from doctorflan_ls.drafts import Draft, DraftBuilder, Provenance
from doctorflan_ls.models.base import Chunk
from doctorflan_ls.server.jobs import Follow
from doctorflan_ls.text import Span

ORIGIN = Provenance("t", "m", "1", "file:///n", 1, Span(0, 1), "0" * 64, "zh")


def grown(builder: DraftBuilder, text: str) -> Draft:
    builder.add(Chunk(text))
    return builder.draft("streaming")


async def test_the_first_piece_goes_at_once_and_the_next_are_gathered():
    sent: list[tuple[int, str]] = []
    follow = Follow(lambda offset, text: sent.append((offset, text)), interval=0.05)
    builder = DraftBuilder("a", ORIGIN)
    follow.see(builder.draft("streaming"))
    assert sent == []
    follow.see(grown(builder, "一"))
    assert sent == [(0, "一")]
    for word in "二三四":
        follow.see(grown(builder, word))
    assert sent == [(0, "一")]
    await asyncio.sleep(0.08)
    assert sent == [(0, "一"), (1, "二三四")]
    await asyncio.sleep(0.06)
    follow.see(grown(builder, "五"))
    assert sent[-1] == (4, "五")


async def test_another_draft_begins_again():
    sent: list[tuple[int, str]] = []
    follow = Follow(lambda offset, text: sent.append((offset, text)), interval=0.01)
    follow.see(grown(DraftBuilder("a", ORIGIN), "half"))
    follow.see(grown(DraftBuilder("b", ORIGIN), "xy"))
    await asyncio.sleep(0.03)
    assert sent == [(0, "half"), (0, "xy")]


async def test_nothing_is_sent_after_the_end():
    sent: list[tuple[int, str]] = []
    follow = Follow(lambda offset, text: sent.append((offset, text)), interval=0.01)
    builder = DraftBuilder("a", ORIGIN)
    follow.see(grown(builder, "a"))
    follow.see(grown(builder, "b"))
    follow.stop()
    await asyncio.sleep(0.03)
    assert sent == [(0, "a")]
