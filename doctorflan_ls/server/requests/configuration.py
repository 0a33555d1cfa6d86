"""The client's configuration: sent, asked for, and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


def initialized(ls: Connection, params: Params) -> None:  # noqa: ARG001
    """Read the settings, now that the client has its answer, and ask to hear of changes."""
    ls.configuration.reload()
    registrations = _registrations(ls)
    if registrations:
        ls.protocol.send_request("client/registerCapability", {"registrations": registrations})
    _ask(ls)


def did_change_configuration(ls: Connection, params: Params) -> None:
    """Take what the client sent; where it can be asked, its answer has the last word."""
    ls.configuration.pushed = params.raw.get("settings")
    ls.configuration.reload()
    _ask(ls)


def did_change_watched_files(ls: Connection, params: Params) -> None:  # noqa: ARG001
    """The workspace's settings file, the only one watched, was written."""
    ls.configuration.reload()


def _registrations(ls: Connection) -> list[Json]:
    from doctorflan_ls.settings import SECTION, WORKSPACE_FILE  # noqa: PLC0415  # starts faster

    wanted: list[tuple[bool, str, Json]] = [
        (
            ls.client.registers_configuration,
            "workspace/didChangeConfiguration",
            {"section": SECTION},
        ),
        (
            ls.client.registers_watched_files,
            "workspace/didChangeWatchedFiles",
            {"watchers": [{"globPattern": f"**/{WORKSPACE_FILE}"}]},
        ),
    ]
    return [
        {"id": method, "method": method, "registerOptions": options}
        for can, method, options in wanted
        if can
    ]


def _ask(ls: Connection) -> None:
    if not ls.client.configuration:
        return
    from doctorflan_ls.settings import SECTION  # noqa: PLC0415  # starts faster

    configuration = ls.configuration
    item: Json = {"section": SECTION}
    if configuration.root_uri is not None:
        item["scopeUri"] = configuration.root_uri
    question = ls.protocol.send_request("workspace/configuration", {"items": [item]})
    configuration.question = question

    def take(answered: Future[Any]) -> None:
        is_latest = configuration.question is question
        if not is_latest or answered.cancelled() or answered.exception() is not None:
            return
        match answered.result():
            case [pulled, *_]:
                configuration.pulled = pulled
            case _:
                configuration.pulled = None
        configuration.reload()

    # At once, so that the client's next request already finds its answer in force.
    question.add_done_callback(take)
