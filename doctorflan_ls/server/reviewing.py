"""Reviews of drafts that stand in a note: decided, carried to the client and back, recorded.

The client applies the edit and then says so with ``doctorflan.reviewed``. What it says went to the
client and came back, so it is read like any other input.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.server.capabilities import REVIEWED_COMMAND

if TYPE_CHECKING:
    from concurrent.futures import Future

    from doctorflan_ls.audit import ReviewOutcome
    from doctorflan_ls.drafts import Draft
    from doctorflan_ls.features.review import Decision, Review
    from doctorflan_ls.notes.model import DraftBlock
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params

_BLOCK = re.compile(r"[0-9A-Za-z]{1,32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def decided(ls: Connection, document: Document, block: DraftBlock, decision: Decision) -> Review:
    """The edits that carry ``decision`` out, and whether the draft's words were changed before."""
    from doctorflan_ls.features.review import review  # noqa: PLC0415  # not before the first one

    return review(document.note, block, decision, _made(ls, block.id, document.uri))


def report(
    document: Document,
    block: DraftBlock,
    outcome: ReviewOutcome,
    reason: str | None = None,
) -> Json:
    """What the client hands to ``doctorflan.reviewed`` once the edit is applied."""
    from doctorflan_ls.drafts import digest  # noqa: PLC0415
    from doctorflan_ls.features.review import body  # noqa: PLC0415

    words = body(document.note, block)
    said: Json = {
        "uri": document.uri,
        "block": block.id,
        "task": block.task,
        "model": block.model,
        "outcome": outcome,
        "digest": digest(words),
        "length": len(words),
    }
    return said if reason is None else said | {"reason": reason}


def command(title: str, said: Json) -> Json:
    """A ``Command`` that says what was done; it follows the edit of an action."""
    return {"title": title, "command": REVIEWED_COMMAND, "arguments": [said]}


def read_reason(params: Params) -> str | None:
    """The code of a reason; raises BadRequest where there is no such reason."""
    from doctorflan_ls.reviews import review_reasons  # noqa: PLC0415

    reason = params.string_or("reason")
    known = [each.id for each in review_reasons()]
    if reason is not None and reason not in known:
        raise BadRequest("server.no-such-reason", known=", ".join(known))
    return reason


def read_outcome(params: Params, known: tuple[str, ...]) -> str:
    """The outcome; raises InvalidParams where it is none of ``known``."""
    outcome = params.string("outcome")
    if outcome not in known:
        msg = f"outcome must be one of {', '.join(known)}"
        raise JsonRpcInvalidParams(msg)
    return outcome


def record(ls: Connection, params: Params) -> Future[None] | None:
    """Record what the client says that a doctor did; raises InvalidParams or BadRequest.

    What comes back is done once the audit trail has it; None where there is no trail.
    """
    from doctorflan_ls.audit import REVIEW_OUTCOMES, Reviewed, review_event  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    outcome = read_outcome(params, REVIEW_OUTCOMES)
    block = _matching(params, "block", _BLOCK)
    said = Reviewed(
        next(each for each in REVIEW_OUTCOMES if each == outcome),
        block,
        params.string("task"),
        params.string("model"),
        read_reason(params) or "",
        _matching(params, "digest", _DIGEST) if params.has("digest") else "",
        params.uinteger("length") if params.has("length") else None,
    )
    made = _made(ls, block, params.string("uri"))
    return plugged.record_event(ls, review_event(said, made))


def _made(ls: Connection, block_id: str, uri: str) -> Draft | None:
    remembered = ls.drafts.recall(block_id, uri)
    return None if remembered is None else remembered.draft


def _matching(params: Params, key: str, form: re.Pattern[str]) -> str:
    value = params.string(key)
    if not form.fullmatch(value):
        msg = f"{key} must match {form.pattern}"
        raise JsonRpcInvalidParams(msg)
    return value
