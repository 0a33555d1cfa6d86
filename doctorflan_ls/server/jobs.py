"""Running a task for a connection: the one way that leads to a draft, whoever asks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from doctorflan_ls.errors import BadRequest, Cancelled, ModelUnavailable, Stale

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.engine import Job
    from doctorflan_ls.features.evidence import Remembered
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import Prompt
    from doctorflan_ls.server.connection import Connection

_KEPT_DRAFTS = 64


class Drafts:
    """The running jobs and latest drafts of one connection; in memory only."""

    def __init__(self) -> None:
        self._drafts: OrderedDict[str, Remembered] = OrderedDict()
        self._offered: dict[str, tuple[Remembered, ...]] = {}
        self._running: dict[str, str] = {}

    def keep(self, made: Remembered) -> None:
        """Remember a draft; the oldest makes room."""
        self._drafts[made.draft.id] = made
        while len(self._drafts) > _KEPT_DRAFTS:
            self._drafts.popitem(last=False)

    def offer(self, uri: str, offered: Iterable[Remembered], standing: Collection[str]) -> None:
        """Remember what completion offers now in ``uri``.

        Of what it offered before only the ids ``standing`` in the note were taken.
        """
        for made in self._offered.get(uri, ()):
            if made.draft.id in standing:
                self.keep(made)
        self._offered[uri] = tuple(offered)

    def recall(self, draft_id: str, uri: str) -> Remembered | None:
        """A draft of the document ``uri`` with the words it rests on; None where it is unknown."""
        made = self._drafts.get(draft_id)
        if made is not None and made.draft.provenance.uri == uri:
            return made
        offered = self._offered.get(uri, ())
        return next((each for each in offered if each.draft.id == draft_id), None)

    def get(self, draft_id: str, uri: str) -> Draft:
        """A draft of the document ``uri``; raises BadRequest where it is not known."""
        made = self.recall(draft_id, uri)
        if made is None:
            raise BadRequest("server.no-such-draft")
        return made.draft

    def begin(self, key: str, uri: str) -> None:
        """Note that the job ``key`` runs for ``uri``."""
        self._running[key] = uri

    def forget(self, uri: str) -> tuple[str, ...]:
        """Drop the drafts of a document; the keys of the jobs that may still run for it."""
        self._offered.pop(uri, None)
        gone = [id_ for id_, made in self._drafts.items() if made.draft.provenance.uri == uri]
        for draft_id in gone:
            del self._drafts[draft_id]
        keys = tuple(key for key, of in self._running.items() if of == uri)
        for key in keys:
            del self._running[key]
        return keys


async def run(
    ls: Connection,
    prompt: Prompt,
    on_draft: Callable[[Draft], None] | None = None,
    seen: Note | None = None,
) -> Draft:
    """The finished draft for ``prompt``; ``on_draft`` sees it grow.

    ``seen`` is the open note where the prompt's differs from it by the words that asked.

    Cancelling the caller stops the job. Raises Stale where the note changed meanwhile under the
    draft, Cancelled, or why the model failed: what is returned is ready and fits the open document.
    """
    from doctorflan_ls.engine import Job  # noqa: PLC0415  # not before the first job

    # Asking for the same task of the same document again replaces the older request.
    key = f"{id(ls)} {prompt.note.uri} {prompt.task.id}"
    # Without one, a model that hangs would leave the request unanswered.
    job = Job(key, prompt, deadline=ls.configuration.settings.draft.deadline)
    draft = await _run(ls, job, on_draft)
    if draft.state != "ready":
        default = Cancelled if draft.state == "cancelled" else ModelUnavailable
        raise draft.failure or default("engine.stopped")
    document = ls.documents.get(prompt.note.uri)
    if document is None or (
        draft.is_stale(document.note) if seen is None else document.note is not seen
    ):
        raise Stale("server.stale-draft")
    from doctorflan_ls.features.evidence import remember  # noqa: PLC0415

    ls.drafts.keep(remember(draft, prompt.note))
    return draft


async def run_briefly(ls: Connection, prompts: Iterable[Prompt], seconds: float) -> list[Draft]:
    """The drafts that are finished within ``seconds``, for a list that must not wait for them."""
    from doctorflan_ls.engine import Job, Lane  # noqa: PLC0415  # not before the first job

    made: list[Draft] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for prompt in prompts:
                # The next keystroke's list replaces this one and no draft that was asked for.
                key = f"{id(ls)} {prompt.note.uri} completion"
                draft = await _run(ls, Job(key, prompt, lane=Lane.COMPLETION), None)
                if draft.state == "ready":
                    made.append(draft)
    return made


async def _run(ls: Connection, job: Job, on_draft: Callable[[Draft], None] | None) -> Draft:
    ls.drafts.begin(job.key, job.prompt.note.uri)
    async with aclosing(ls.host.engine.stream(job)) as drafts:
        async for draft in drafts:
            latest = draft
            if on_draft is not None:
                on_draft(draft)
    return latest


class Follow:
    """Sends what a draft has grown by, at most once in ``interval`` seconds.

    An editor that redraws for every token of a fast model falls behind it; 50 ms is below what a
    reader notices.
    """

    def __init__(self, send: Callable[[int, str], None], interval: float = 0.05) -> None:
        self._send = send
        self._interval = interval
        self._text = ""
        self._sent = 0
        self._timer: asyncio.TimerHandle | None = None

    def see(self, draft: Draft) -> None:
        """Take the draft as it is now."""
        self._text = draft.text
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval, self._flush)

    def stop(self) -> None:
        """Send nothing more: the answer, or an error, says the rest."""
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        if len(self._text) > self._sent:
            self._send(self._sent, self._text[self._sent :])
            self._sent = len(self._text)
