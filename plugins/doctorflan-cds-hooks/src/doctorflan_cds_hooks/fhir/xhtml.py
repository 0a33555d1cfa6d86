"""The words of a FHIR narrative.

A narrative is XHTML without a document type, so expat reads it: in one pass, without recursion, and
with no entity but characters.
"""

from __future__ import annotations

import html
import re
from xml.parsers import expat

from doctorflan_cds_hooks.reading import Node
from doctorflan_cds_hooks.refusal import Refused

_LINES = re.compile(
    r"address|blockquote|br|caption|d[dlt]|div|h[1-6r]|li|[ou]l|p|pre|t(?:able|body|foot|head|r)"
)
_CELLS = frozenset(("td", "th"))
_SILENT = frozenset(("head", "script", "style", "template", "title"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_BLANKS = re.compile(r"[ \t\r\n\f]+")


class _Unwanted(Exception):
    """A document type: entities could be declared in it."""


class _Words:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._silent = 0
        self._pre = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2].lower()
        self._silent += tag in _SILENT
        self._pre += tag == "pre"
        if _LINES.fullmatch(tag):
            self.pieces.append("\n")
        elif tag in _CELLS:
            self.pieces.append(" ")

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2].lower()
        self._silent -= tag in _SILENT
        self._pre -= tag == "pre"
        if tag != "br" and _LINES.fullmatch(tag):
            self.pieces.append("\n")

    def data(self, text: str) -> None:
        if not self._silent:
            self.pieces.append(text if self._pre else _BLANKS.sub(" ", text))


def narrative_text(div: Node) -> str:
    """The lines of the XHTML in ``div``; raises Refused (400) where it is not well formed."""
    words = _Words()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = words.start
    parser.EndElementHandler = words.end
    parser.CharacterDataHandler = words.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(_ENTITY.sub(_character, div.text()), True)
    except (expat.ExpatError, _Unwanted):
        raise Refused(400, "not-xhtml", path=div.place) from None
    lines = (" ".join(line.split()) for line in "".join(words.pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _character(found: re.Match[str]) -> str:
    """``&nbsp;`` and the like, which XHTML has and XML has not."""
    return found[0] if found[1] in _XML_ENTITIES else html.unescape(found[0])


def _refuse(*_declared: object) -> None:
    raise _Unwanted
