"""Workspace edits: versioned and annotated where the client can take that, plain otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.text import Edit

_ANNOTATION = "doctorflan.draft"


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the client shows where it asks the doctor to confirm an edit."""

    label: str
    description: str


def workspace_edit(
    ls: Connection,
    document: Document,
    edits: Iterable[Edit],
    annotation: Annotation | None = None,
) -> Json:
    """A ``WorkspaceEdit`` of ``document`` at its present version.

    ``annotation`` makes it one to be confirmed. That is no consent by itself (some clients apply
    such edits unasked), so an inserted draft is marked in the text besides.
    """
    places = ls.places(document)
    changes: list[Json] = [
        {"range": places.range(edit.span), "newText": edit.text} for edit in edits
    ]
    if not ls.client.document_changes:
        return {"changes": {document.uri: changes}}
    identifier = {"uri": document.uri, "version": document.version}
    result: Json = {"documentChanges": [{"textDocument": identifier, "edits": changes}]}
    if annotation is not None and ls.client.change_annotations:
        for change in changes:
            change["annotationId"] = _ANNOTATION
        result["changeAnnotations"] = {
            _ANNOTATION: {
                "label": annotation.label,
                "description": annotation.description,
                "needsConfirmation": True,
            }
        }
    return result
