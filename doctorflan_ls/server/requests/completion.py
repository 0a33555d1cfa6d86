"""completion and completionItem/resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.requests.command import command

if TYPE_CHECKING:
    from doctorflan_ls.features.completion import Item
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.params import Params

# LSP 3.17, CompletionItemKind: Keyword, Event. InsertTextFormat: PlainText, Snippet.
_KINDS = {"section": 14, "task": 23}
_PLAIN, _SNIPPET = 1, 2


def completion(ls: Connection, params: Params) -> Json:
    """Headings and tasks that fit at the position."""
    from doctorflan_ls.features.completion import complete  # noqa: PLC0415

    document = ls.document(params.uri())
    places = ls.places(document)
    found = complete(
        ls.snapshot(document, snippets=ls.client.snippets),
        places.offset(params.position("position")),
    )
    # A task's item takes the typed words away: only for a client that then runs its command.
    items = [
        _item(item, places) for item in found.items if item.kind != "task" or ls.client.apply_edit
    ]
    return {"isIncomplete": found.incomplete, "items": items}


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


def _item(item: Item, places: Places) -> Json:
    result: Json = {
        "label": item.label,
        "kind": _KINDS[item.kind],
        "detail": item.detail,
        "textEdit": {"range": places.range(item.span), "newText": item.text},
        "insertTextFormat": _SNIPPET if item.snippet else _PLAIN,
        "filterText": item.filter_text,
        "sortText": item.sort_text,
        "data": dict(item.data),
    }
    if item.kind == "task":
        # Version and span are those of the note before the item was chosen.
        order = {key: value for key, value in item.data.items() if key not in ("version", "span")}
        result["command"] = command(item.label, order)
    return result
