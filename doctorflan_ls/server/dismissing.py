"""Findings put aside: offered with the findings, remembered in the user's own state folder."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pygls.exceptions import JsonRpcInvalidParams

from doctorflan_ls.errors import BadRequest
from doctorflan_ls.server.capabilities import DISMISS_COMMAND

if TYPE_CHECKING:
    from concurrent.futures import Future

    from doctorflan_ls.dismissals import Dismissals
    from doctorflan_ls.features.finding_actions import Mend
    from doctorflan_ls.features.snapshot import Aside
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.documents import Document
    from doctorflan_ls.server.params import Params

_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,79}")
_PLACE = re.compile(r"[0-9a-f]{64}|")
# Of a shared server, remembered after they left.
_MOST_USERS = 200


def default_path() -> Path | None:
    """The file of this user; None where there is no home."""
    from platformdirs import user_state_path  # noqa: PLC0415  (not before the first note)

    try:
        return Path(user_state_path("doctorflan-ls", appauthor=False)) / "dismissals.sqlite3"
    except RuntimeError:
        return None


class Stores:
    """Whose decisions are whose, in one process.

    Over ``--stdio`` they are the user's, in a file. Of a shared server, whose clients are not its
    user, each has its own, in memory: no doctor's decision hides a finding from another. It goes
    with who works there, as the client says in ``audit.user``, else with the connection.
    """

    def __init__(self) -> None:
        self._own: Dismissals | None = None
        self._of_users: OrderedDict[str, Dismissals] = OrderedDict()
        self._of_connections: WeakKeyDictionary[Connection, Dismissals] = WeakKeyDictionary()

    def of(self, ls: Connection) -> Dismissals:
        """The decisions of the user of ``ls``."""
        from doctorflan_ls.dismissals import Dismissals  # noqa: PLC0415  (not before a note)

        if not ls.host.shared:
            self._own = self._own or Dismissals(default_path())
            return self._own
        user = ls.configuration.resolved.values["audit.user"]
        # What the server's own user set says nothing of who works at which client.
        if user.layer != "client" or not isinstance(user.value, str) or not user.value:
            return self._of_connections.setdefault(ls, Dismissals(None))
        found = self._of_users.setdefault(user.value, Dismissals(None))
        self._of_users.move_to_end(user.value)
        while len(self._of_users) > _MOST_USERS:
            self._of_users.popitem(last=False)
        return found


def aside(ls: Connection, document: Document) -> Aside:
    """Whether what a rule says of words of ``document`` was put aside."""
    store = ls.host.dismissals(ls)
    try:
        # Who works at a client of a shared server may change while a document is open.
        kept = None if ls.host.shared else document.dismissed
        known = kept or store.of(document.uri)
    except OSError:
        return lambda _rule, _words: False
    document.dismissed = known
    if not known.rules and not known.places:
        return lambda _rule, _words: False
    return lambda rule, words: rule in known.rules or store.place(rule, words) in known.places


def command(ls: Connection, mend: Mend) -> Json:
    """The ``Command`` that puts a finding aside; its words leave as a keyed digest."""
    said = dict(mend.dismissal or {})
    words = said.pop("words", "")
    if said["reach"] == "place":
        try:
            said["place"] = ls.host.dismissals(ls).place(said["rule"], words)
        except OSError:
            said["reach"] = "document"
    return {"title": mend.title, "command": DISMISS_COMMAND, "arguments": [said]}


def dismiss(ls: Connection, params: Params) -> Future[None] | None:
    """Remember what the doctor put aside, and report the documents without it.

    What comes back is done once the audit trail has it; None where there is no trail.
    """
    from doctorflan_ls.audit import Dismissed, dismissal_event  # noqa: PLC0415
    from doctorflan_ls.dismissals import REACHES  # noqa: PLC0415
    from doctorflan_ls.reviews import dismiss_reasons  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415

    uri, rule = params.string("uri"), _matching(params, "rule", _RULE)
    reach = next((each for each in REACHES if each == params.string("reach")), None)
    if reach is None:
        msg = f"reach must be one of {', '.join(REACHES)}"
        raise JsonRpcInvalidParams(msg)
    place = _matching(params, "place", _PLACE) if reach == "place" else ""
    known = [each.id for each in dismiss_reasons()]
    reason = params.string("reason") if params.has("reason") else known[0]
    if reason not in known:
        raise BadRequest("server.no-such-reason", known=", ".join(known))
    try:
        ls.host.dismissals(ls).dismiss(uri, rule, place, reach, reason)
    except OSError as error:
        raise BadRequest("dismissals.unwritable", reason=str(error)) from None
    _again(ls)
    return plugged.record_event(ls, dismissal_event(Dismissed(rule, reason, source=place)))


def restore(ls: Connection, params: Params) -> None:
    """Take back what was put aside in the document ``uri``; all of it where none is named."""
    uri = params.string("uri") if params.has("uri") else None
    try:
        count = ls.host.dismissals(ls).restore(uri)
    except OSError as error:
        raise BadRequest("dismissals.unwritable", reason=str(error)) from None
    _again(ls)
    ls.show("info", ls.say("dismissals.restored", count=count))


def _again(ls: Connection) -> None:
    """What is put aside holds for every window of this user."""
    own = ls.host.dismissals(ls)
    for connection in ls.host.connections:
        if connection is not ls and ls.host.dismissals(connection) is not own:
            continue
        for uri in connection.documents:
            document = connection.documents.get(uri)
            if document is not None:
                document.dismissed = None
        connection.publisher.refresh()


def _matching(params: Params, key: str, form: re.Pattern[str]) -> str:
    value = params.string(key)
    if not form.fullmatch(value):
        msg = f"{key} must match {form.pattern}"
        raise JsonRpcInvalidParams(msg)
    return value
