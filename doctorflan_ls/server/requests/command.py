"""workspace/executeCommand: drafts and reviews, for clients whose way to them is a command.

Each answers at once, or once the audit trail has what it told of. What it leads to follows as
``workspace/applyEdit``, a failure as a message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.server import capabilities, dismissing, jobs, plugged, reviewing
from doctorflan_ls.server.edits import workspace_edit
from doctorflan_ls.server.orders import Order, fill, order_again, read_order, standing
from doctorflan_ls.server.params import Params
from doctorflan_ls.server.protocol import ClientRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from doctorflan_ls.features.review import Decision
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.progress import Token


def command(title: str, data: Json) -> Json:
    """A ``Command`` that makes the draft which ``data`` names."""
    return {"title": title, "command": capabilities.DRAFT_COMMAND, "arguments": [data]}


async def execute_command(ls: Connection, params: Params) -> None:
    """Begin what the command asks for, and wait a moment for what it has recorded."""
    begin = _COMMANDS.get(params.string("command"))
    if begin is None:
        known = ", ".join(capabilities.COMMANDS)
        raise BadRequest("server.no-such-command", command=known)
    arguments = params.objects("arguments")
    if len(arguments) != 1:
        msg = "params.arguments must hold one object"
        raise JsonRpcInvalidParams(msg)
    await plugged.settled(begin(ls, arguments[0]))


def _draft(ls: Connection, argument: Params) -> None:
    order = read_order(ls, argument)
    _begin(ls, _deliver(ls, order, None))


def _accept(ls: Connection, argument: Params) -> None:
    _begin(ls, _decide(ls, *_read_review(ls, argument), "accepted"))


def _discard(ls: Connection, argument: Params) -> None:
    _begin(ls, _decide(ls, *_read_review(ls, argument), "discarded"))


def _regenerate(ls: Connection, argument: Params) -> None:
    _begin(ls, _again(ls, *_read_review(ls, argument)))


_COMMANDS: dict[str, Callable[[Connection, Params], Future[None] | None]] = {
    capabilities.DRAFT_COMMAND: _draft,
    capabilities.ACCEPT_COMMAND: _accept,
    capabilities.DISCARD_COMMAND: _discard,
    capabilities.REGENERATE_COMMAND: _regenerate,
    capabilities.REVIEWED_COMMAND: reviewing.record,
    capabilities.DISMISS_COMMAND: dismissing.dismiss,
    capabilities.RESTORE_COMMAND: dismissing.restore,
}


def _read_review(ls: Connection, argument: Params) -> tuple[str, str, str | None]:
    """The document, the draft that stands in it, and the code of a reason."""
    uri = argument.string("uri")
    ls.document(uri)
    return uri, argument.string("block"), reviewing.read_reason(argument)


def _begin(ls: Connection, work: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # no request is left that could be answered
            _code, text = ls.describe(error)
            ls.show("error", text)

    ls.protocol.background(run())


async def _decide(
    ls: Connection, uri: str, block_id: str, reason: str | None, decision: Decision
) -> None:
    document = ls.document(uri)
    block = standing(document.note, block_id)
    done = reviewing.decided(ls, document, block, decision)
    said = reviewing.report(document, block, done.outcome, reason)
    title = ls.snapshot(document).task_title(block.task)
    if await _applied(ls, title, workspace_edit(ls, document, done.edits)):
        reviewing.record(ls, Params(said))
    else:
        ls.show("warning", ls.say("server.not-applied"))


async def _again(ls: Connection, uri: str, block_id: str, reason: str | None) -> None:
    await _deliver(ls, await order_again(ls, uri, block_id), reason)


async def _deliver(ls: Connection, order: Order, reason: str | None) -> None:
    """Make the draft, under a progress report, and have it put in."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # ``background`` runs this in a task
    title = order.prompt.task.title.in_(ls.locale)
    replaced = None
    if order.block is not None:
        document = ls.document(order.prompt.note.uri)
        replaced = reviewing.report(document, order.block, "regenerated", reason)
    token = await _progress_token(ls)
    with ls.progresses.begin(token, title, task.cancel) as progress:
        follow = jobs.Follow(
            lambda _, text: progress.grow(text), is_behind=lambda: ls.protocol.behind
        )
        try:
            edit = await fill(ls, order, follow.see)
        finally:
            follow.stop()
    if not await _applied(ls, title, edit):
        ls.show("warning", ls.say("server.not-inserted"))
    elif replaced is not None:
        reviewing.record(ls, Params(replaced))


async def _applied(ls: Connection, title: str, edit: Json) -> bool:
    """Ask the client to insert; False where it could not."""
    try:
        answer = await _ask(ls, "workspace/applyEdit", {"label": title, "edit": edit})
    except ClientRefused:
        return False
    # Some clients answer nothing at all once the edit is done.
    return not isinstance(answer, dict) or answer.get("applied") is not False


async def _progress_token(ls: Connection) -> Token | None:
    if not ls.client.progress:
        return None
    token = ls.progresses.new_token()
    try:
        await _ask(ls, "window/workDoneProgress/create", {"token": token})
    except ClientRefused:
        return None
    return token


async def _ask(ls: Connection, method: str, params: Json) -> Any:  # noqa: ANN401
    return await asyncio.wrap_future(ls.protocol.send_request(method, params))
