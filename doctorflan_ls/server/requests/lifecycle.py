"""initialize, shutdown, and cancellation of progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doctorflan_ls.server.capabilities import server_capabilities
from doctorflan_ls.server.client import read_client

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.params import Params


def initialize(ls: Connection, params: Params) -> dict[str, Any]:
    """Read what the client can do and answer with what the server can."""
    process_id = params.integer_or("processId")
    locale = params.string_or("locale")
    ls.client = read_client(params.raw.get("capabilities"))
    # ``i18n.locale_of`` says the same and costs an import before the first answer.
    ls.locale = "zh" if locale is not None and locale.lower().startswith("zh") else "en"
    ls.configuration.editor_locale = ls.locale
    ls.configuration.options = params.raw.get("initializationOptions")
    ls.configuration.root_uri = _root_uri(params)
    ls.protocol.phase = "running"
    # None of these is a process; a negative one would be taken for a group of them.
    if process_id is not None and process_id > 0:
        ls.host.watch(process_id)
    return {
        "capabilities": server_capabilities(ls.client),
        "serverInfo": {"name": ls.name, "version": ls.version},
    }


def shutdown(ls: Connection, params: Params) -> None:  # noqa: ARG001
    """Stop all running work; only ``exit`` is heard from here on."""
    ls.protocol.phase = "shutdown"
    ls.protocol.cancel_all()


def set_trace(ls: Connection, params: Params) -> None:
    """Accepted and without effect: a trace would put note text in a log."""


def cancel_progress(ls: Connection, params: Params) -> None:
    """Stop the work behind a progress report."""
    token = params.token("token")
    if token is not None:
        ls.progresses.cancel(token)


def _root_uri(params: Params) -> str | None:
    """The first folder of the workspace; malformed ones are as good as none."""
    match params.raw.get("workspaceFolders"):
        case [{"uri": str(uri)}, *_]:
            return uri
    root = params.raw.get("rootUri")
    return root if isinstance(root, str) else None
