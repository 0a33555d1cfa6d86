"""completion and completionItem/resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server import jobs
from doctorflan_ls.server.client import INSERT_AS_IT_IS
from doctorflan_ls.server.requests.command import command
from doctorflan_ls.text import Span

if TYPE_CHECKING:
    from doctorflan_ls.features.items import Item
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params

# LSP 3.17, CompletionItemKind: Keyword, Event, Value. InsertTextFormat: PlainText, Snippet.
_KINDS = {"section": 14, "task": 23, "term": 12}
_PLAIN, _SNIPPET = 1, 2
# A list of more than these is being looked through. The first draft of a process reads the tables.
_FEW = 3
_AT_ONCE_SECONDS = 1.0


async def completion(ls: Connection, params: Params) -> Json:
    """Headings and tasks that fit at the position; in a short list of tasks, their drafts.

    A draft is a snippet, with a tab stop for each gap, where the client has snippets.
    Not every client runs an item's command, but each takes its text. Where drafts are too many or
    not made at once, the text is the task's name: chosen, it stays and the next list is short.
    """
    from doctorflan_ls.features.completion import complete  # noqa: PLC0415

    document = ls.document(params.uri())
    places = ls.places(document)
    found = complete(
        ls.snapshot(document, snippets=ls.client.snippets),
        places.offset(params.position("position")),
    )
    tasks = [item for item in found.items if item.kind == "task"]
    texts = await _drafts(ls, document, tasks) if 0 < len(tasks) <= _FEW else {}
    if texts is None:
        # The doctor typed on: the editor asks again, and nothing made for an old text is shown.
        return {"isIncomplete": True, "items": []}
    items = [_item(ls, item, places, texts.get(item.data.get("task"))) for item in found.items]
    return {"isIncomplete": found.incomplete, "items": items}


async def _drafts(
    ls: Connection, document: Document, items: list[Item]
) -> dict[object, str] | None:
    """The text for each item's task whose draft is made at once and can stand in its place.

    None where the note changed meanwhile.
    """
    from doctorflan_ls.features.completion import in_place, without_typed  # noqa: PLC0415
    from doctorflan_ls.features.evidence import remember  # noqa: PLC0415
    from doctorflan_ls.insertion import insert, insert_snippet  # noqa: PLC0415
    from doctorflan_ls.prompts import Prompt  # noqa: PLC0415
    from doctorflan_ls.tasks.registry import get_task  # noqa: PLC0415

    note, typed = document.note, items[0].span
    case = without_typed(note, typed)
    language = ls.draft_language or note.language
    known = ls.host.registry.tasks
    wanted = (str(each.data["task"]) for each in items)
    tasks = {task_id: get_task(task_id, known) for task_id in wanted}
    whole = Span(0, len(case.text))
    prompts = [Prompt(task, case, whole, language) for task in tasks.values()]
    drafts = await jobs.run_briefly(ls, prompts, _AT_ONCE_SECONDS)
    if not ls.still(document, note.text):
        return None
    standing = {block.id for block in note.draft_blocks}
    ls.drafts.offer(document.uri, [remember(draft, case) for draft in drafts], standing)
    inserted = insert_snippet if ls.client.snippets else insert
    edits = {
        draft.provenance.task: in_place(note, typed, draft, tasks[draft.provenance.task], inserted)
        for draft in drafts
    }
    return {task: edit.text for task, edit in edits.items() if edit.span == typed}


def resolve(ls: Connection, params: Params) -> Json:
    """The item with its documentation; one without data comes back as it is."""
    data = params.object_or_none("data")
    item = dict(params.raw)
    if data is None:
        return item
    from doctorflan_ls.features.completion import documentation  # noqa: PLC0415

    document = ls.document(data.string("uri"))
    markup = ls.client.completion_markup
    text = documentation(ls.snapshot(document, markdown=markup == "markdown"), data.raw)
    if text:
        item["documentation"] = text if markup is None else {"kind": markup, "value": text}
    return item


def _item(ls: Connection, item: Item, places: Places, draft: str | None) -> Json:
    result: Json = {
        "label": item.label,
        "kind": _KINDS[item.kind],
        "detail": item.detail,
        "textEdit": {"range": places.range(item.span), "newText": draft or item.text},
        "insertTextFormat": _SNIPPET
        if item.snippet or (draft is not None and ls.client.snippets)
        else _PLAIN,
        "filterText": item.filter_text,
        "sortText": item.sort_text,
    }
    # A term has nothing more to say.
    if item.data:
        result["data"] = dict(item.data)
    if ls.client.text_as_it_is:
        # A marker line that a client indents is a marker no more.
        result["insertTextMode"] = INSERT_AS_IT_IS
    if item.kind == "task" and draft is None and ls.client.apply_edit:
        # Version and span are those of the note before the item was chosen.
        order = {key: value for key, value in item.data.items() if key not in ("version", "span")}
        order["typed"] = item.text
        result["command"] = command(item.label, order)
    return result
