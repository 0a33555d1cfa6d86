"""Findings beside the text: pushed to clients that do not ask, refreshed for those that do.

A push waits until the typing rests, and says nothing of a version that is not the latest. Some
clients say that they ask and never do (@codemirror/lsp-client 6): they are waited for, and then
told like the others.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from doctorflan_ls.server.documents import WORD_SECONDS

if TYPE_CHECKING:
    import asyncio

    from doctorflan_ls.features.diagnostics import Diagnostic
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.documents import Document

# After the last key: a finding that comes while a word is typed is of half a word.
_REST_SECONDS = 0.2
# A client that asks does so as soon as it has opened a note.
_PATIENCE_SECONDS = 2.0
# LSP 3.17, DiagnosticSeverity: Error, Warning, Information.
_SEVERITIES = {"error": 1, "warning": 2, "information": 3}
_SOURCE = "doctorflan"


class Publisher:
    """Pushes the findings of one connection's documents."""

    def __init__(self, ls: Connection) -> None:
        self._ls = ls
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._asks = False
        self._told: set[str] = set()
        self._words: set[str] = set()

    def asked(self) -> None:
        """Note that the client asks, and take back what it was told before it did."""
        self._asks = True
        for uri in self._told:
            self._push(uri, None, [])
        self._told.clear()

    def opened(self, uri: str) -> None:
        """Report a document that was just opened."""
        self._after(0.0, uri)

    def changed(self, uri: str) -> None:
        """Report a document again, once its typing rests."""
        self._after(_REST_SECONDS, uri)

    @property
    def can_come_back(self) -> bool:
        """Whether a finding that is held back can be told later."""
        return self._pushes or self._ls.client.refreshes_diagnostics

    def wait_for_word(self, uri: str) -> None:
        """Something was held back that stands in a word which is being typed."""
        if self._pushes:
            self._after(WORD_SECONDS, uri)
        elif self._ls.client.refreshes_diagnostics and uri not in self._words:
            import asyncio  # noqa: PLC0415  # starts faster

            self._words.add(uri)
            asyncio.get_running_loop().call_later(WORD_SECONDS, self._ask_again, uri)

    def _ask_again(self, uri: str) -> None:
        self._words.discard(uri)
        if uri in self._ls.documents:
            self._ls.protocol.send_request("workspace/diagnostic/refresh")

    def closed(self, uri: str) -> None:
        """Take the findings of a closed document away."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        if uri in self._told:
            self._push(uri, None, [])
            self._told.discard(uri)

    def refresh(self) -> None:
        """Report all documents again: checks, terms or settings have changed."""
        client = self._ls.client
        for uri in self._ls.documents:
            self.changed(uri)
        for can, method in (
            (client.refreshes_diagnostics, "workspace/diagnostic/refresh"),
            (client.refreshes_semantic_tokens, "workspace/semanticTokens/refresh"),
            (client.refreshes_inlay_hints, "workspace/inlayHint/refresh"),
        ):
            if can and len(self._ls.documents):
                self._ls.protocol.send_request(method)

    @property
    def _pushes(self) -> bool:
        return self._ls.client.publishes_diagnostics and not self._asks

    def _after(self, seconds: float, uri: str) -> None:
        if not self._pushes:
            return
        if self._ls.client.pulls_diagnostics and not self._told:
            seconds = _PATIENCE_SECONDS
        import asyncio  # noqa: PLC0415  # starts faster

        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(seconds, self._begin, uri)

    def _begin(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        document = self._ls.documents.get(uri)
        if document is None:
            return
        if self._ls.protocol.behind:
            # It gets what is current once it reads again, and not what it missed.
            self._after(_REST_SECONDS, uri)
        else:
            self._ls.protocol.background(self._report(document))

    async def _report(self, document: Document) -> None:
        from doctorflan_ls.errors import Stale  # noqa: PLC0415  # starts faster

        text = document.text
        # A change in between has begun its own wait.
        with suppress(Stale):
            items = await report(self._ls, document)
            if self._pushes and self._ls.still(document, text):
                self._told.add(document.uri)
                self._push(document.uri, document.version, items)

    def _push(self, uri: str, version: int | None, items: list[Json]) -> None:
        params: Json = {"uri": uri, "diagnostics": items}
        if version is not None and self._ls.client.versions_diagnostics:
            params["version"] = version
        self._ls.protocol.notify("textDocument/publishDiagnostics", params)


async def report(ls: Connection, document: Document) -> list[Json]:
    """The ``Diagnostic`` objects of ``document`` as it is now; none where the settings say so.

    What is said of the word that is being typed waits until the typing rests; whoever asked is then
    told to ask again. Raises Stale where the text changed meanwhile.
    """
    from doctorflan_ls.errors import Stale  # noqa: PLC0415  # starts faster
    from doctorflan_ls.features import diagnostics  # noqa: PLC0415
    from doctorflan_ls.server import plugged  # noqa: PLC0415
    from doctorflan_ls.server.background import beside  # noqa: PLC0415

    chosen = ls.configuration.settings.checks
    if not chosen.show:
        return []
    text = document.text
    brought = await plugged.findings(ls, document)
    if not ls.still(document, text):
        raise Stale("server.stale-action")
    snapshot = ls.snapshot(document, brought=brought)
    typing = document.being_typed() if ls.publisher.can_come_back else None
    shown = diagnostics.Shown(chosen.limit, chosen.quiet, typing)
    found = await beside(document, lambda: diagnostics.report(snapshot, shown))
    if found.is_waiting:
        ls.publisher.wait_for_word(document.uri)
    return to_json(ls, document, found.diagnostics)


def to_json(ls: Connection, document: Document, found: tuple[Diagnostic, ...]) -> list[Json]:
    """Findings as LSP has them, as far as the client can take that."""
    places = ls.places(document)
    return [_diagnostic(ls, document.uri, places, each) for each in found]


def _diagnostic(ls: Connection, uri: str, places: Places, found: Diagnostic) -> Json:
    said: Json = {
        "range": places.range(found.span),
        "severity": _SEVERITIES[found.severity],
        "code": found.code,
        "source": _SOURCE,
        "message": found.message,
    }
    # A page of this machine is of no use to a client that may be on another one.
    if ls.client.describes_codes and not ls.host.shared:
        from doctorflan_ls.rule_pages import page_uri  # noqa: PLC0415  # starts faster

        page = page_uri(found.code, ls.locale)
        if page is not None:
            said["codeDescription"] = {"href": page}
    if found.related and ls.client.relates_diagnostics:
        said["relatedInformation"] = [
            {"location": {"uri": uri, "range": places.range(each.span)}, "message": each.message}
            for each in found.related
        ]
    return said
