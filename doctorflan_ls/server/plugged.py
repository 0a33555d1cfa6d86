"""Plugins in the server: loaded behind the client's back, asked beside the event loop.

A list or a hover takes what is there; what a doctor asked for by name waits for the plugins, as
long as their budgets let it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

    from doctorflan_ls.audit import Event
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.checks.options import CheckOptions
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.plugins import Plugins, Registry, Selection
    from doctorflan_ls.prompts import Prompt
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.settings import Settings
    from doctorflan_ls.tasks.model import Task

# After the first document was opened: its first answers go before.
_BEGIN_SECONDS = 0.2
# A hover, and the drafts of a list, wait so long for plugins; a look is kept for the next hover.
_HOVER_SECONDS = 0.05
_LIST_SECONDS = 0.1
# How long an editor that was asked for its settings may take until plugins are loaded without them.
_SETTINGS_SECONDS = 5.0
# A draft waits so long for plugins that are being loaded, and is then made without them.
_DRAFT_SECONDS = 1.0


def selection(settings: Settings) -> Selection:
    """What the settings let be loaded."""
    from doctorflan_ls.plugins import Selection  # noqa: PLC0415  # starts faster

    return Selection(settings.plugins.allow, settings.plugins.folder)


def begin_soon(ls: Connection) -> None:
    """Load the plugins a little after the first document, unless somebody needs them sooner."""
    import asyncio  # noqa: PLC0415  # starts faster

    if ls.has_begun:
        return
    ls.has_begun = True

    async def load() -> None:
        await asyncio.sleep(_BEGIN_SECONDS)
        await loaded(ls)

    # Of this connection: one that leaves before chooses no plugins for the others.
    ls.protocol.background(load())


async def loaded(ls: Connection) -> Registry:
    """Everything that is there, once the plugins are loaded; tells the user what is left out."""
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    plugins = ls.host.chosen_plugins
    if plugins is None:
        # What the editor does not allow is not imported: its answer is waited for.
        await ls.configuration.answered(_SETTINGS_SECONDS)
        plugins = ls.host.plugins(selection(ls.configuration.settings))
    if not plugins.is_loaded:
        await in_thread(plugins.load)
    ls.host.adopt_plugins()
    _tell(ls, plugins)
    return ls.host.registry


async def task_named(ls: Connection, name: str) -> Task:
    """The task called ``name``; raises BadRequest where no plugin has it either."""
    from doctorflan_ls.errors import BadRequest  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import get_task  # noqa: PLC0415

    try:
        return get_task(name, ls.host.registry.tasks)
    except BadRequest:
        if ls.host.registry_is_whole:
            raise
    return get_task(name, (await loaded(ls)).tasks)


async def prepared(ls: Connection, prompt: Prompt, *, wait: bool = True) -> Prompt:
    """``prompt`` with what plugins know of the case, as they amend it.

    Without ``wait`` by those that are loaded now and answer at once, for a list that must not wait.
    """
    import asyncio  # noqa: PLC0415

    from doctorflan_ls.plugins.hooks import has_hooks, prepared  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    plugins = await _soon(ls) if wait else _now(ls)
    if not has_hooks(plugins, "draft_context", "amend_prompt"):
        return prompt
    work = in_thread(lambda: prepared(plugins, prompt))
    try:
        return await asyncio.wait_for(work, None if wait else _LIST_SECONDS)
    except TimeoutError:
        return prompt


async def examined(ls: Connection, prompt: Prompt, draft: Draft) -> Draft:
    """``draft`` with what plugins and grounding find in it, where it is ready."""
    from doctorflan_ls.grounding import grounded  # noqa: PLC0415
    from doctorflan_ls.plugins.hooks import examined, has_hooks  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    plugins = _now(ls)
    if draft.state != "ready":
        return draft
    disabled = ls.configuration.settings.checks.disabled

    def looked_at() -> Draft:
        known = has_hooks(plugins, "check_draft")
        made = examined(plugins, prompt, draft) if known else draft
        return grounded(made, prompt.note, disabled)

    return await in_thread(looked_at)


async def findings(ls: Connection, document: Document, *, wait: bool = True) -> tuple[Finding, ...]:
    """What plugins' checks find in the document as it is now; kept until text or settings change.

    Without ``wait`` what is found in a moment; the next hover has the rest.
    """
    import asyncio  # noqa: PLC0415

    plugins = _now(ls)
    if not any(each.contribution.checks for each in plugins.plugins):
        return ()
    key = (document.note, ls.snapshot(document).checks)
    looking = document.brought
    if looking is None or not looking.serves(*key):
        if not wait and looking is not None and not looking.future.done():
            # One at a time: each key that is typed makes the one before it useless.
            return ()
        looking = document.brought = Looking(key)
        looking.future = asyncio.ensure_future(looking.look(plugins))
    # Shielded: another request may wait for the same.
    found = asyncio.shield(looking.future)
    try:
        return await asyncio.wait_for(found, None if wait else _HOVER_SECONDS)
    except TimeoutError:
        return ()


class Looking:
    """A look of plugins' checks at a note with the options of ``key``.

    ``complete`` is false where a check failed: then it is worth another look.
    """

    future: asyncio.Future[tuple[Finding, ...]]

    def __init__(self, key: tuple[Note, CheckOptions]) -> None:
        self.key = key
        self.complete = True

    def serves(self, note: Note, options: CheckOptions) -> bool:
        """True where it need not be done again for ``note``, this very one, with ``options``."""
        same = self.key[0] is note and self.key[1] == options
        return same and (self.complete or not self.future.done())

    async def look(self, plugins: Plugins) -> tuple[Finding, ...]:
        """What they find, from a thread beside the loop."""
        from doctorflan_ls.plugins.hooks import look  # noqa: PLC0415
        from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

        found = await in_thread(lambda: look(plugins, *self.key))
        self.complete = found.complete
        return found.findings


async def record(ls: Connection, draft: Draft) -> None:
    """Record that ``draft`` was made or failed: in the audit trail, which is waited for a moment,
    and with plugins, which are not.
    """
    from doctorflan_ls.audit import draft_event  # noqa: PLC0415

    event = draft_event(draft)
    written = _audited(ls, event)
    ls.protocol.background(_tell_of(ls, event))
    await settled(written)


async def settled(written: Future[None] | None) -> None:
    """Wait a moment for an event's row: what a client has the answer to is in the trail, unless the
    disk is slow or full.
    """
    if written is not None:
        import asyncio  # noqa: PLC0415

        from doctorflan_ls.server.auditing import ANSWER_SECONDS  # noqa: PLC0415

        await asyncio.wait((asyncio.wrap_future(written),), timeout=ANSWER_SECONDS)


def record_event(ls: Connection, event: Event) -> Future[None] | None:
    """Record what a doctor did with a draft or a finding: in the audit trail, and with plugins;
    those that are being loaded are waited for. As ``_audited``.
    """
    written = _audited(ls, event)

    async def tell() -> None:
        await loaded(ls)
        await _tell_of(ls, event)

    ls.protocol.background(tell())
    return written


def _audited(ls: Connection, event: Event) -> Future[None] | None:
    """When ``event`` is in the audit trail; None where the settings want none."""
    chosen = ls.configuration.settings.audit
    return ls.host.audited(event, chosen.path, chosen.user) if chosen.enabled else None


async def _tell_of(ls: Connection, event: Event) -> None:
    from doctorflan_ls.plugins.hooks import has_hooks, record  # noqa: PLC0415
    from doctorflan_ls.server.background import in_thread  # noqa: PLC0415

    plugins = _now(ls)
    if has_hooks(plugins, "record_event"):
        await in_thread(lambda: record(plugins, event))


def rows(ls: Connection) -> list[dict[str, object]]:
    """Each plugin and how it is doing, for clients that draw a panel."""
    from doctorflan_ls.plugins.report import plugin_rows, problem_rows  # noqa: PLC0415

    plugins = _now(ls)
    return [*plugin_rows(plugins, ls.locale), *problem_rows(plugins, ls.locale)]


def _now(ls: Connection) -> Plugins:
    """The plugins as they are; none where it is not settled yet which are allowed."""
    from doctorflan_ls.plugins import no_plugins  # noqa: PLC0415

    return ls.host.chosen_plugins or no_plugins()


async def _soon(ls: Connection) -> Plugins:
    """The plugins, loaded where that takes no longer than a doctor notices."""
    import asyncio  # noqa: PLC0415
    from contextlib import suppress  # noqa: PLC0415

    if not ls.host.registry_is_whole:
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAFT_SECONDS):
                await loaded(ls)
    return _now(ls)


def tell_resting(ls: Connection) -> None:
    """Tell the user, once, of each hook that was switched off."""
    for plugin in _now(ls).plugins:
        for hook in plugin.caller.tripped():
            text = ls.say("plugins.tripped", plugin=plugin.name, hook=hook)
            ls.tell_once("warning", f"plugin {plugin.name} {hook}", text)


def _tell(ls: Connection, plugins: Plugins) -> None:
    names = [each.name for each in plugins.problems]
    if names:
        shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        text = ls.say("plugins.trouble", count=len(names), names=shown)
        ls.tell_once("warning", "plugins", text)
