"""documentSymbol and foldingRange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doctorflan_ls.server.jsonrpc import Raw
from doctorflan_ls.server.outline import KINDS

if TYPE_CHECKING:
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params


def document_symbol(ls: Connection, params: Params) -> list[Json] | Raw:
    """The outline: nested where the client nests, else a list with parents' names."""
    from doctorflan_ls.features.symbols import flat, symbols  # noqa: PLC0415

    document = ls.document(params.uri())
    tree = symbols(ls.snapshot(document))
    if ls.client.hierarchical_symbols:
        return Raw(document.outline.json(tree, document.text, ls.client.encoding))
    places = ls.places(document)
    return [
        {
            "name": symbol.name,
            "kind": KINDS[symbol.kind],
            "location": {"uri": document.uri, "range": places.range(symbol.span)},
            "containerName": parent,
        }
        for symbol, parent in flat(tree)
    ]


def folding_range(ls: Connection, params: Params) -> list[Json]:
    """Sections and drafts; as many as the client wants, the first ones."""
    from doctorflan_ls.features.folding import folds  # noqa: PLC0415

    document = ls.document(params.uri())
    found = folds(ls.snapshot(document))[: ls.client.fold_limit]
    return [{"startLine": fold.first, "endLine": fold.last, "kind": "region"} for fold in found]
