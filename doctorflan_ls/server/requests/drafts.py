"""doctorflan/drafts: what waits for a review (schemas/protocol/drafts.json)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctorflan_ls.features.standing import Standing
    from doctorflan_ls.reviews import Reason
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params


def drafts(ls: Connection, params: Params) -> Json:
    """The unreviewed drafts of a document, or of all that are open, and the coded reasons."""
    from doctorflan_ls.reviews import dismiss_reasons, review_reasons  # noqa: PLC0415

    if params.has("textDocument"):
        documents = [ls.document(params.uri())]
    else:
        documents = [found for uri in ls.documents if (found := ls.documents.get(uri))]
    return {
        "documents": [_document(ls, each) for each in documents],
        "reasons": _reasons(ls, review_reasons()),
        "dismissReasons": _reasons(ls, dismiss_reasons()),
    }


def _reasons(ls: Connection, reasons: tuple[Reason, ...]) -> list[Json]:
    return [{"id": each.id, "title": each.title.in_(ls.locale)} for each in reasons]


def _document(ls: Connection, document: Document) -> Json:
    from doctorflan_ls.features.standing import standing  # noqa: PLC0415

    places = ls.places(document)
    found = standing(ls.snapshot(document), partial(ls.drafts.recall, uri=document.uri))
    return {
        "uri": document.uri,
        "version": document.version,
        "drafts": [row(each, places) for each in found],
    }


def row(draft: Standing, places: Places) -> Json:
    """A draft that stands in a note, as JSON."""
    return {
        "id": draft.id,
        "task": draft.task,
        "title": draft.title,
        "model": draft.model,
        "range": places.range(draft.span),
        "modified": draft.modified,
    }
