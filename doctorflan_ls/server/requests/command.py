"""workspace/executeCommand: the way to a draft for clients that resolve no actions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.server.capabilities import DRAFT_COMMAND
from doctorflan_ls.server.orders import Order, fill, read_order
from doctorflan_ls.server.protocol import ClientRefused

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params
    from doctorflan_ls.server.progress import Token


def command(title: str, data: Json) -> Json:
    """A ``Command`` that makes the draft which ``data`` names."""
    return {"title": title, "command": DRAFT_COMMAND, "arguments": [data]}


def execute_command(ls: Connection, params: Params) -> None:
    """Start the draft and answer at once; its edit follows when it is made."""
    if params.string("command") != DRAFT_COMMAND:
        raise BadRequest("server.no-such-command", command=DRAFT_COMMAND)
    arguments = params.objects("arguments")
    if len(arguments) != 1:
        msg = "params.arguments must hold one object"
        raise JsonRpcInvalidParams(msg)
    ls.protocol.background(_deliver(ls, read_order(ls, arguments[0])))


async def _deliver(ls: Connection, order: Order) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # ``background`` runs this in a task
    title = order.prompt.task.title.in_(ls.locale)
    token = await _progress_token(ls)
    try:
        with ls.progresses.begin(token, title, task.cancel):
            edit = await fill(ls, order)
        if not await _applied(ls, title, edit):
            ls.show("warning", ls.say("server.not-inserted"))
    except Exception as error:  # noqa: BLE001  # no request is left that could be answered
        _code, text = ls.describe(error)
        ls.show("error", text)


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
