"""The server object of one connection: its documents, its client, its requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from cattrs import Converter
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from doctorflan_ls import __version__
from doctorflan_ls.server.client import Client
from doctorflan_ls.server.configuration import Configuration
from doctorflan_ls.server.convert import Places
from doctorflan_ls.server.documents import Document, Documents
from doctorflan_ls.server.jobs import Drafts
from doctorflan_ls.server.progress import Progresses
from doctorflan_ls.server.protocol import RepairedProtocol
from doctorflan_ls.server.publishing import Publisher
from doctorflan_ls.server.requests import FEATURES, NOTIFICATIONS

Kind = Literal["error", "warning", "info"]

if TYPE_CHECKING:
    from doctorflan_ls.checks.model import Finding
    from doctorflan_ls.features.snapshot import Snapshot
    from doctorflan_ls.i18n import Locale
    from doctorflan_ls.notes.context import Context
    from doctorflan_ls.server.host import Host
    from doctorflan_ls.text import Text

NAME = "doctorflan-ls"

_MESSAGE_TYPES = {"error": 1, "warning": 2, "info": 3, "log": 4}


class Connection(LanguageServer):
    """A pygls server for one client. Engine and models are the host's, everything else its own."""

    protocol: RepairedProtocol

    def __init__(self, host: Host) -> None:
        super().__init__(
            NAME,
            __version__,
            protocol_cls=RepairedProtocol,
            # Messages are read by ``params`` and written as plain JSON: no converter is needed.
            converter_factory=Converter,
        )
        self.host = host
        host.connections.add(self)
        self.protocol.inbox.load = host.load
        self.client = Client()
        self.locale: Locale = "en"
        self.configuration = Configuration(self)
        self.documents = Documents()
        self.drafts = Drafts()
        self.progresses = Progresses(self.protocol)
        self.publisher = Publisher(self)
        self.has_begun = False
        """Whether the plugins are loaded for it, or soon will be."""
        self._told: set[str] = set()
        for method, handler in FEATURES.items():
            self.feature(method)(handler)
        self.protocol.notifications = NOTIFICATIONS

    def document(self, uri: str) -> Document:
        """The open document ``uri``; raises InvalidParams where it is not open."""
        document = self.documents.get(uri)
        if document is None:
            raise JsonRpcInvalidParams(self.say("server.not-open"))
        return document

    def still(self, document: Document, text: Text) -> bool:
        """True where ``document`` is open and holds ``text``, which was taken before an await.

        The text, not the note: that is read again where plugins were loaded meanwhile.
        """
        return self.documents.get(document.uri) is document and document.text is text

    def snapshot(
        self,
        document: Document,
        *,
        snippets: bool = False,
        markdown: bool = False,
        brought: tuple[Finding, ...] = (),
    ) -> Snapshot:
        """What a feature may know of ``document`` now; ``brought`` is what plugins found."""
        from doctorflan_ls.features.snapshot import Snapshot  # noqa: PLC0415  # starts faster
        from doctorflan_ls.rulebook import check_options  # noqa: PLC0415  # starts faster
        from doctorflan_ls.score.book import score_tables  # noqa: PLC0415  # starts faster
        from doctorflan_ls.server.dismissing import aside  # noqa: PLC0415  # starts faster

        # First of all: reading the settings may change the language.
        checks = check_options(self.configuration.settings, self._context(document))
        return Snapshot(
            document.note,
            self.locale,
            snippets,
            markdown,
            self.draft_language,
            checks,
            self.host.registry,
            brought,
            aside(self, document),
            score_tables(self.configuration.settings.checks.score_table).tables,
        )

    def _context(self, document: Document) -> Context:
        """What the client told of ``document``, with the words of the open notes that are named."""
        from doctorflan_ls.notes.context import NOTHING, plain_uri  # noqa: PLC0415

        told = document.told or NOTHING
        front = document.note.front_matter.context
        notes = front.over(told).other_notes
        names = {plain_uri(each.uri, document.uri) for each in notes if each.uri}
        if not names:
            return told
        texts = {
            plain_uri(uri): str(other.text)
            for uri in self.documents
            if plain_uri(uri) in names
            and (other := self.documents.get(uri)) is not None
            and other is not document
        }
        named = replace(told, other_notes=notes)
        return named.opened(document.uri, texts)

    @property
    def draft_language(self) -> Locale | None:
        """The language that the settings choose for drafts; None is the note's own."""
        chosen = self.configuration.settings.draft.language
        return None if chosen == "auto" else chosen

    def places(self, document: Document) -> Places:
        """Conversion of positions for ``document`` as it is now."""
        return Places(document.text, self.client.encoding)

    def say(self, key: str, **fields: object) -> str:
        """A message in the client's language."""
        from doctorflan_ls.i18n import message  # noqa: PLC0415  # starts faster

        return message(key, self.locale, **fields)

    def describe(self, error: Exception) -> tuple[int, str]:
        """The code and message that answer a request which ended in ``error``."""
        from doctorflan_ls.server.failures import describe  # noqa: PLC0415  # starts faster

        return describe(error, self.locale)

    def tell_once(self, kind: Kind, cause: str, text: str) -> None:
        """Show ``text`` to the user, once for each ``cause``."""
        if cause not in self._told:
            self._told.add(cause)
            self.show(kind, text)

    def tell_again(self, causes: str) -> None:
        """Forget that the user was told of causes that begin with ``causes``: they are over."""
        self._told = {cause for cause in self._told if not cause.startswith(causes)}

    def show(self, kind: Kind, text: str) -> None:
        """Show ``text`` to the user."""
        params = {"type": _MESSAGE_TYPES[kind], "message": text}
        self.protocol.notify("window/showMessage", params)

    def log_to_client(self, text: str) -> None:
        """Put ``text`` in the client's output channel; it must not quote a note."""
        params = {"type": _MESSAGE_TYPES["warning"], "message": text}
        self.protocol.notify("window/logMessage", params)

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ANN401, ARG002
        """Report what pygls caught: by type and frames, never in a pop-up with its message."""
        self.describe(error)

    def forget(self, uri: str) -> None:
        """Stop the jobs of a document and drop all that was made from it."""
        self.documents.close(uri)
        self.host.stop(self.drafts.forget(uri))
        self.host.forget(uri)

    async def close(self) -> None:
        """Stop this connection's work and forget its documents."""
        await self.protocol.close()
        self.documents.clear()
        # Handlers and their server hold each other, and full collections are rare.
        self.protocol.fm.features.clear()
        self.protocol.fm.server = None
        self.host.left(self)
