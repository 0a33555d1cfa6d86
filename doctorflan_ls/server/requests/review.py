"""doctorflan/review: accept or discard a draft that stands (schemas/protocol/review.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from doctorflan_ls.server import reviewing
from doctorflan_ls.server.edits import workspace_edit
from doctorflan_ls.server.orders import standing

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


def review(ls: Connection, params: Params) -> Json:
    """The edit that carries the decision out; it is recorded when the client says it is done."""
    from doctorflan_ls.features.review import Decision  # noqa: PLC0415

    document = ls.document(params.uri())
    outcome = reviewing.read_outcome(params, get_args(Decision))
    reason = reviewing.read_reason(params)
    block = standing(document.note, params.string("block"))
    decision: Decision = "discarded" if outcome == "discarded" else "accepted"
    done = reviewing.decided(ls, document, block, decision)
    return {
        "edit": workspace_edit(ls, document, done.edits),
        "outcome": done.outcome,
        "reviewed": reviewing.report(document, block, done.outcome, reason),
    }
