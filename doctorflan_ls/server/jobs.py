"""Running a task for a connection: the one way that leads to a draft, whoever asks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from doctorflan_ls.errors import BadRequest, Cancelled, ModelUnavailable, Stale

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.engine import Job, Lane
    from doctorflan_ls.features.evidence import Remembered
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import Prompt, Turn
    from doctorflan_ls.server.connection import Connection

_KEPT_DRAFTS = 64
Offerer = Literal["completion", "actions"]
_OFFERERS: tuple[Offerer, ...] = ("completion", "actions")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a draft is wanted for.

    ``model`` answers, by default the settings' choice; with ``insist`` no other does. ``seen`` is
    the open note where the prompt's differs from it by the words that asked.
    """

    prompt: Prompt
    model: str | None = None
    insist: bool = False
    seen: Note | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """The ``model`` that was to answer, and why, for the user, the skeleton answered instead."""

    model: str
    message: str


@dataclass(frozen=True, slots=True)
class Made:
    """A finished draft; ``fallback`` where the skeleton stood in for another model."""

    draft: Draft
    fallback: Fallback | None = None


class Drafts:
    """The running jobs and latest drafts of one connection; in memory only."""

    def __init__(self) -> None:
        self._drafts: OrderedDict[str, Remembered] = OrderedDict()
        self._turns: dict[str, Turn] = {}
        self._offered: dict[tuple[str, Offerer], tuple[Remembered, ...]] = {}
        self._running: dict[str, str] = {}

    def keep(self, made: Remembered, turn: Turn | None = None) -> None:
        """Remember a draft, and the ``turn`` that it answered; the oldest makes room."""
        self._drafts[made.draft.id] = made
        if turn is not None:
            self._turns[made.draft.id] = turn
        while len(self._drafts) > _KEPT_DRAFTS:
            self._turns.pop(self._drafts.popitem(last=False)[0], None)

    def turn(self, draft_id: str) -> Turn | None:
        """What the draft answered; None where it was no follow-up."""
        return self._turns.get(draft_id)

    def offer(
        self,
        uri: str,
        offered: Iterable[Remembered],
        standing: Collection[str],
        by: Offerer = "completion",
    ) -> None:
        """Remember what completion, or the list of actions, offers now in ``uri``.

        Of what it offered before only the ids ``standing`` in the note were taken.
        """
        for made in self._offered.get((uri, by), ()):
            if made.draft.id in standing:
                self.keep(made)
        self._offered[uri, by] = tuple(offered)

    def recall(self, draft_id: str, uri: str) -> Remembered | None:
        """A draft of the document ``uri`` with the words it rests on; None where it is unknown."""
        made = self._drafts.get(draft_id)
        if made is not None and made.draft.provenance.uri == uri:
            return made
        offered = (each for by in _OFFERERS for each in self._offered.get((uri, by), ()))
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
        for by in _OFFERERS:
            self._offered.pop((uri, by), None)
        gone = [id_ for id_, made in self._drafts.items() if made.draft.provenance.uri == uri]
        for draft_id in gone:
            del self._drafts[draft_id]
            self._turns.pop(draft_id, None)
        keys = tuple(key for key, of in self._running.items() if of == uri)
        for key in keys:
            del self._running[key]
        return keys


async def run(
    ls: Connection, wanted: Wanted, on_draft: Callable[[Draft], None] | None = None
) -> Made:
    """The finished draft; ``on_draft`` sees it grow.

    Where the model cannot answer the skeleton does and the user is told, unless the caller insists.

    Cancelling the caller stops the job. Raises Stale where the note changed meanwhile under the
    draft, Cancelled, or why the model failed: what is returned is ready and fits the open document.
    """
    from doctorflan_ls.server import plugged  # noqa: PLC0415  # not before the first job

    seen = wanted.seen
    prompt = await plugged.prepared(ls, wanted.prompt)
    job = _job(ls, prompt, wanted.model)
    draft = await _run(ls, job, on_draft)
    fallback = None
    if draft.state == "failed" and not wanted.insist:
        from doctorflan_ls.models.catalogue import DEFAULT_MODEL  # noqa: PLC0415

        if job.model != DEFAULT_MODEL:
            await plugged.record(ls, draft)
            fallback = _told(ls, draft)
            draft = await _run(ls, replace(job, model=DEFAULT_MODEL), on_draft)
    draft = await plugged.examined(ls, prompt, draft)
    await plugged.record(ls, draft)
    plugged.tell_resting(ls)
    if draft.state != "ready":
        default = Cancelled if draft.state == "cancelled" else ModelUnavailable
        raise draft.failure or default("engine.stopped")
    if fallback is None:
        ls.tell_again(_cause(draft))
    document = ls.documents.get(prompt.note.uri)
    if document is None or (
        draft.is_stale(document.note) if seen is None else document.text is not seen.text
    ):
        raise Stale("server.stale-draft")
    from doctorflan_ls.features.evidence import remember  # noqa: PLC0415

    ls.drafts.keep(remember(draft, prompt.note), prompt.turn)
    return Made(draft, fallback)


def _job(ls: Connection, prompt: Prompt, model: str | None) -> Job:
    from doctorflan_ls.engine import Job  # noqa: PLC0415  # not before the first job
    from doctorflan_ls.models import choice  # noqa: PLC0415

    settings = ls.configuration.settings
    return Job(
        # Asking for the same task of the same document again replaces the older request.
        f"{id(ls)} {prompt.note.uri} {prompt.task.id}",
        prompt,
        model or choice.choose(prompt.task, prompt.language, settings),
        # Without one, a model that hangs would leave the request unanswered.
        deadline=settings.draft.deadline,
        sampling=choice.sampling(settings),
        options=choice.options(settings),
    )


def _told(ls: Connection, failed: Draft) -> Fallback:
    """Tell the user why the skeleton answers, once for each cause until the model is back."""
    failure = failed.failure or ModelUnavailable("engine.stopped")
    fallback = Fallback(failed.provenance.model, failure.user_message(ls.locale))
    text = ls.say("engine.fallback", reason=fallback.message)
    ls.tell_once("warning", f"{_cause(failed)}{failure.key}", text)
    return fallback


def _cause(draft: Draft) -> str:
    return f"fallback {draft.provenance.model} "


async def run_briefly(
    ls: Connection, prompts: Iterable[Prompt], seconds: float, lane: Lane | None = None
) -> list[Draft]:
    """The drafts that are finished within ``seconds``, for a list that must not wait for them.

    The skeleton makes them, whatever the settings choose: typing starts no slow model. ``lane`` is
    COMPLETION by default.
    """
    from doctorflan_ls.engine import Job, Lane  # noqa: PLC0415  # not before the first job
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    lane = Lane.COMPLETION if lane is None else lane
    made: list[Draft] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for prompt in prompts:
                # The next keystroke's list replaces this one and no draft that was asked for.
                key = f"{id(ls)} {prompt.note.uri} {lane.name}"
                whole = await plugged.prepared(ls, prompt, wait=False)
                draft = await _run(ls, Job(key, whole, lane=lane), None)
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
    """Sends what a draft has grown by: at once, then at most once in ``interval`` seconds.

    An editor that redraws for every token of a fast model falls behind it; 50 ms is below what a
    reader notices. What a client that ``is_behind`` could not read anyway waits, and then comes in
    one piece. Another draft, which stands in for a model that failed, begins at 0 again.
    """

    def __init__(
        self,
        send: Callable[[int, str], None],
        interval: float = 0.05,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._send = send
        self._interval = interval
        self._is_behind = is_behind
        self._draft: Draft | None = None
        self._sent = 0
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def see(self, draft: Draft) -> None:
        """Take the draft as it is now."""
        if self._draft is not None and self._draft.id != draft.id:
            self._sent = 0
        self._draft = draft
        if self._timer is not None or len(draft.text) <= self._sent:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next:
            self._flush()
        else:
            self._timer = loop.call_at(self._next, self._flush)

    def stop(self) -> None:
        """Send nothing more: the answer, or an error, says the rest."""
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        text = self._draft.text if self._draft is not None else ""
        if len(text) > self._sent:
            self._next = asyncio.get_running_loop().time() + self._interval
            if self._is_behind():
                self._timer = asyncio.get_running_loop().call_at(self._next, self._flush)
                return
            self._send(self._sent, text[self._sent :])
            self._sent = len(text)
