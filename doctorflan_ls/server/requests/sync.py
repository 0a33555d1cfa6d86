"""didOpen, didChange, didClose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server import plugged
from doctorflan_ls.server.documents import Change

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.params import Params


def did_open(ls: Connection, params: Params) -> None:
    """Take the buffer in."""
    item = params.object("textDocument")
    uri = item.string("uri")
    ls.documents.open(uri, item.integer("version"), item.string("text"))
    ls.publisher.opened(uri)
    plugged.begin_soon(ls)


def did_change(ls: Connection, params: Params) -> None:
    """Apply an edit; one with an older version than the buffer's is refused and said once."""
    item = params.object("textDocument")
    uri = item.string("uri")
    # All read before the first is applied: a malformed one must not leave half an edit behind.
    changes = [_change(each) for each in params.objects("contentChanges")]
    document = ls.documents.get(uri)
    if document is None:
        ls.log_to_client(ls.say("server.change-not-open"))
        return
    # The specification wants a number; some clients send null, which says nothing.
    version = item.integer("version") if item.has("version") else document.version
    if version < document.version:
        text = ls.say("server.version-backwards", was=document.version, now=version)
        ls.tell_once("warning", f"version {uri}", text)
        return
    document.apply(changes, version, ls.client.encoding)
    ls.publisher.changed(uri)


def did_close(ls: Connection, params: Params) -> None:
    """Forget the buffer and all that was made from it."""
    uri = params.uri()
    ls.forget(uri)
    ls.publisher.closed(uri)


def _change(change: Params) -> Change:
    ends = change.range("range") if change.has("range") else None
    return Change(change.string("text"), ends)
