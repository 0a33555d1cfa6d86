"""codeAction and codeAction/resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.errors import DoctorFlanError, Stale
from doctorflan_ls.server import reviewing
from doctorflan_ls.server.edits import Annotation, workspace_edit
from doctorflan_ls.server.orders import fill, read_order, standing
from doctorflan_ls.server.params import Params
from doctorflan_ls.server.requests.command import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doctorflan_ls.features.actions import Action
    from doctorflan_ls.features.review import Decision
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.text import Span

# LSP 3.17, CodeActionTriggerKind: the doctor asked, no lightbulb did.
_INVOKED = 1


async def code_action(ls: Connection, params: Params) -> list[Json]:
    """What fits the range. The diagnostics a client sends back are not looked at."""
    from doctorflan_ls.features.actions import actions  # noqa: PLC0415

    document = ls.document(params.uri())
    span = ls.places(document).span(params.range("range"))
    context = params.object_or_none("context")
    only = context.strings_or_none("only") if context else None
    if only is None and _takes_all(ls, context):
        return []
    mended = await _mends(ls, document, span, context)
    found = actions(ls.snapshot(document), span, only)
    _remember(ls, document, found)
    return [*mended, *await _tasks(ls, document, found, context)]


async def _tasks(
    ls: Connection, document: Document, found: Sequence[Action], context: Params | None
) -> list[Json]:
    if ls.client.code_action_resolves_edit:
        return [_lazy(ls, document, action) for action in found]
    if context is not None and context.integer_or("triggerKind") == _INVOKED:
        return [each for action in found if (each := await _finished(ls, document, action))]
    return [_commanded(ls, document, action) for action in found]


async def resolve(ls: Connection, params: Params) -> Json:
    """The action with its edit; one that needs none comes back as it is."""
    data = params.object_or_none("data")
    action = dict(params.raw)
    if data is None or params.has("edit"):
        return action
    order = read_order(ls, data)
    document = ls.document(order.prompt.note.uri)
    block = order.block
    # Of the note as it is: when the draft is made, the one before may be gone.
    said = None if block is None else reviewing.report(document, block, "regenerated")
    action["edit"] = await fill(ls, order)
    if said is not None and ls.client.code_action_resolves_command:
        action["command"] = reviewing.command(str(action.get("title", "")), said)
    return action


async def _mends(
    ls: Connection, document: Document, span: Span, context: Params | None
) -> list[Json]:
    """What can be done about the findings at ``span``."""
    from doctorflan_ls.features.actions import QUICK_FIX, is_wanted  # noqa: PLC0415
    from doctorflan_ls.features.finding_actions import mends  # noqa: PLC0415
    from doctorflan_ls.server import dismissing, plugged  # noqa: PLC0415

    only = context.strings_or_none("only") if context else None
    if not is_wanted(QUICK_FIX, only):
        return []
    text = document.text
    brought = await plugged.findings(ls, document, wait=False)
    if not ls.still(document, text):
        raise Stale("server.stale-action")
    sent = [] if context is None else _findings(context)
    made = []
    for mend in mends(ls.snapshot(document, brought=brought), span):
        action: Json = {"title": mend.title, "kind": QUICK_FIX}
        of = [dict(each.raw) for each in sent if each.raw.get("code") == mend.code]
        if of:
            action["diagnostics"] = of
        if mend.dismissal is None:
            action["edit"] = workspace_edit(ls, document, mend.edits)
        else:
            action["command"] = dismissing.command(ls, mend)
        made.append(action)
    return made


def _takes_all(ls: Connection, context: Params | None) -> bool:
    """Whether the client means to apply whatever comes, unseen, as a fix of a finding.

    Kate does at Ctrl+. on a finding: 22 drafts at once. Its list of actions names no finding. ALE
    and others that show a list name theirs without its source, or take edits from a server.
    """
    if context is None or ls.client.code_action_resolves_edit or ls.client.apply_edit:
        return False
    return any(each.raw.get("source") == "doctorflan" for each in _findings(context))


def _findings(context: Params) -> list[Params]:
    return context.objects("diagnostics") if context.has("diagnostics") else []


def _base(action: Action) -> Json:
    return {"title": action.title, "kind": action.kind}


def _lazy(ls: Connection, document: Document, action: Action) -> Json:
    if action.edits:
        return _decided(ls, document, action)
    return {**_base(action), "data": dict(action.data)}


def _remember(ls: Connection, document: Document, found: Sequence[Action]) -> None:
    """The calculators' lines, with the words they rest on, as long as one may be inserted."""
    from doctorflan_ls.features.evidence import remember  # noqa: PLC0415

    note = document.note
    made = [remember(each.made, note) for each in found if each.made is not None]
    ls.drafts.offer(document.uri, made, {block.id for block in note.draft_blocks}, "actions")


def _calculated(ls: Connection, document: Document, action: Action) -> Json:
    """A calculator's line: its edit is at hand."""
    model = "calculator" if action.made is None else action.made.provenance.model
    annotation = Annotation(action.title, ls.say("server.annotation", model=model))
    return {**_base(action), "edit": workspace_edit(ls, document, action.edits, annotation)}


def _decided(ls: Connection, document: Document, action: Action) -> Json:
    """Accept or discard: the edit, and the command by which the client says that it is done."""
    if action.data["op"] == "calculate":
        return _calculated(ls, document, action)
    block = standing(document.note, str(action.data["block"]))
    decision: Decision = "accepted" if action.data["op"] == "accept" else "discarded"
    done = reviewing.decided(ls, document, block, decision)
    result = {**_base(action), "edit": workspace_edit(ls, document, action.edits)}
    # ALE, which takes no edits from a server, would run the command and leave the edit undone.
    if ls.client.apply_edit:
        said = reviewing.report(document, block, done.outcome)
        result["command"] = reviewing.command(action.title, said)
    return result


def _commanded(ls: Connection, document: Document, action: Action) -> Json:
    if action.edits:
        return _decided(ls, document, action)
    return {**_base(action), "command": command(action.title, dict(action.data))}


async def _finished(ls: Connection, document: Document, action: Action) -> Json | None:
    if action.edits:
        return _decided(ls, document, action)
    try:
        edit = await fill(ls, read_order(ls, Params(action.data, "data")))
    except Stale:
        raise
    except DoctorFlanError:
        # One task that cannot be done must not take the others away.
        return None
    return {**_base(action), "edit": edit}
