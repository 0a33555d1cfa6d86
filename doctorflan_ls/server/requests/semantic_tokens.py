"""semanticTokens/full and semanticTokens/range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.features.legend import MODIFIERS, TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doctorflan_ls.features.semantic_tokens import Token
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params
    from doctorflan_ls.text import Encoding, Text


async def full(ls: Connection, params: Params) -> Json:
    """The tokens of the whole document."""
    from doctorflan_ls.features.semantic_tokens import semantic_tokens  # noqa: PLC0415
    from doctorflan_ls.server.background import beside  # noqa: PLC0415

    document = ls.document(params.uri())
    snapshot, text, encoding = ls.snapshot(document), document.text, ls.client.encoding
    return await beside(
        document, lambda: {"data": encoded(semantic_tokens(snapshot), text, encoding)}
    )


def in_range(ls: Connection, params: Params) -> Json:
    """The tokens of what the editor shows, at the cost of what it shows."""
    from doctorflan_ls.features.semantic_tokens import semantic_tokens  # noqa: PLC0415

    document = ls.document(params.uri())
    span = ls.places(document).span(params.range("range"))
    found = semantic_tokens(ls.snapshot(document), span)
    return {"data": encoded(found, document.text, ls.client.encoding)}


def encoded(tokens: Sequence[Token], text: Text, encoding: Encoding) -> list[int]:
    """Five numbers a token: line and character from the token before, length, type, modifiers
    (LSP 3.17, "Semantic Tokens")."""
    places = text.positions((at for token in tokens for at in token.span), encoding)
    data: list[int] = []
    line = character = 0
    for token in tokens:
        start, end = places[token.span.start], places[token.span.end]
        if start.line != line:
            character = 0
        bits = sum(1 << MODIFIERS.index(each) for each in token.modifiers)
        length = end.character - start.character
        data += (start.line - line, start.character - character, length)
        data += (TYPES.index(token.type), bits)
        line, character = start.line, start.character
    return data
