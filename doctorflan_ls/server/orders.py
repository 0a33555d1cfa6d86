"""What an action's data asks for, and the edit that answers it.

The data went to the client and came back, so it is read like any other input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.errors import BadRequest, Stale
from doctorflan_ls.server import jobs
from doctorflan_ls.server.edits import Annotation, workspace_edit
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.notes.model import DraftBlock
    from doctorflan_ls.notes.note import Note
    from doctorflan_ls.prompts import Prompt
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params
    from doctorflan_ls.text import Edit


@dataclass(frozen=True, slots=True)
class Order:
    """A draft to be made and put at ``at``, or in the place of ``block`` or of words ``typed``.

    ``model`` makes it, None is the settings' choice.
    """

    prompt: Prompt
    at: int
    block: DraftBlock | None
    typed: Span | None = None
    model: str | None = None


def read_order(ls: Connection, data: Params) -> Order:
    """The order in ``data``; raises Stale where the note is another version by now."""
    from doctorflan_ls.features.completion import without_typed  # noqa: PLC0415
    from doctorflan_ls.prompts import Prompt  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import get_task  # noqa: PLC0415

    document = ls.document(data.string("uri"))
    # A completion's order has none: choosing it changes the note before the order comes.
    if data.has("version") and document.version != data.integer("version"):
        raise Stale("server.stale-action")
    note = document.note
    block = None
    if data.string("op") == "regenerate":
        block = standing(note, data.string("block"))
    elif data.string("op") != "draft":
        raise BadRequest("server.no-such-action")
    at = data.integer("at") if block is None else block.span.start
    typed = _typed(data, note, at)
    case = note if typed is None else without_typed(note, typed)
    task = get_task(data.string("task"), ls.host.registry.tasks)
    prompt = Prompt(task, case, _span(data, case), _language(data))
    model = None if block is None else same_model(ls, note, block)
    return Order(prompt, at, block, typed, model)


async def order_again(ls: Connection, uri: str, block_id: str) -> Order:
    """The order that puts another draft of the same task in the place of one that stands.

    Raises Stale where it does not stand, BadRequest where its task is not known.
    """
    from doctorflan_ls.prompts import Prompt  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    task = await plugged.task_named(ls, standing(ls.document(uri).note, block_id).task)
    note = ls.document(uri).note
    block = standing(note, block_id)
    made = ls.drafts.recall(block_id, uri)
    language = ls.draft_language or note.language
    if made is not None:
        language = made.draft.provenance.language
    prompt = Prompt(task, note, Span(0, len(note.text)), language)
    return Order(prompt, block.span.start, block, model=same_model(ls, note, block))


async def fill(
    ls: Connection, order: Order, on_draft: Callable[[Draft], None] | None = None
) -> Json:
    """Make the draft, which ``on_draft`` sees grow, and the edit that puts it in.

    Raises Stale where the note moved on.
    """
    document = ls.document(order.prompt.note.uri)
    seen = None if order.typed is None else document.note
    made = await jobs.run(ls, jobs.Wanted(order.prompt, order.model, seen=seen), on_draft)
    draft = made.draft
    document = ls.document(order.prompt.note.uri)
    # The data counts offsets of one version: an edit elsewhere shifts them.
    if document.version != order.prompt.note.version:
        raise Stale("server.stale-draft")
    if order.typed is not None:
        from doctorflan_ls.features.completion import in_place  # noqa: PLC0415

        edit = in_place(document.note, order.typed, draft, order.prompt.task)
        return _annotated(ls, document, draft, edit)
    return draft_edit(ls, document, draft, order.at, order.block)


def draft_edit(
    ls: Connection, document: Document, draft: Draft, at: int, block: DraftBlock | None = None
) -> Json:
    """The edit that inserts ``draft`` after the line of ``at``, or in the place of ``block``."""
    from doctorflan_ls.insertion import insert, regenerate  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import get_task  # noqa: PLC0415

    task = get_task(draft.provenance.task, ls.host.registry.tasks)
    note = document.note
    edit = insert(note, draft, task, at) if block is None else regenerate(note, block, draft, task)
    return _annotated(ls, document, draft, edit)


def _annotated(ls: Connection, document: Document, draft: Draft, edit: Edit) -> Json:
    from doctorflan_ls.tasks.registry import get_task  # noqa: PLC0415

    origin = draft.provenance
    task = get_task(origin.task, ls.host.registry.tasks)
    annotation = Annotation(
        task.title.in_(ls.locale),
        ls.say("server.annotation", model=f"{origin.model} {origin.model_version}".strip()),
    )
    return workspace_edit(ls, document, (edit,), annotation)


def same_model(ls: Connection, note: Note, block: DraftBlock) -> str | None:
    """The model that made the block; None where only the note says so.

    A note that somebody sent may name any model: one that this connection did not use and the
    settings do not name is not asked.
    """
    from doctorflan_ls.models.catalogue import DEFAULT_MODEL  # noqa: PLC0415

    made = ls.drafts.recall(block.id, note.uri)
    if made is not None:
        return made.draft.provenance.model
    named = block.model.partition(" ")[0]
    use = ls.configuration.settings.models.use
    return named if named == DEFAULT_MODEL or named in use.values() else None


def standing(note: Note, block_id: str) -> DraftBlock:
    """The draft ``block_id`` that stands in the note; raises Stale where it does not."""
    for block in note.draft_blocks:
        if block.id == block_id:
            return block
    raise Stale("server.stale-action")


def _typed(data: Params, note: Note, at: int) -> Span | None:
    """Where the words of a completion stand that the draft is to replace."""
    words = data.string_or("typed")
    if not words or not 0 <= at <= len(note.text):
        return None
    span = Span(at, min(at + len(words), len(note.text)))
    return span if note.slice(span) == words else None


def _span(data: Params, note: Note) -> Span:
    if not data.has("span"):
        return Span(0, len(note.text))
    match data.raw["span"]:
        case [int(start), int(end)] if 0 <= start <= end <= len(note.text):
            return Span(start, end)
    msg = "data.span must be two offsets inside the note"
    raise JsonRpcInvalidParams(msg)


def _language(data: Params) -> Locale:
    return "zh" if data.string("language") == "zh" else "en"
