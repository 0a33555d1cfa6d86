"""documentSymbol and foldingRange."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doctorflan_ls.features.symbols import Symbol
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json, Places
    from doctorflan_ls.server.params import Params

# LSP 3.17, SymbolKind: String, as Markdown servers show headings; Object.
_KINDS = {"section": 15, "draft": 19}


def document_symbol(ls: Connection, params: Params) -> list[Json]:
    """The outline: nested where the client nests, else a list with parents' names."""
    from doctorflan_ls.features.symbols import flat, symbols  # noqa: PLC0415

    document = ls.document(params.uri())
    tree = symbols(ls.snapshot(document))
    places = ls.places(document)
    if ls.client.hierarchical_symbols:
        return _nested(tree, places)
    return [
        {
            "name": symbol.name,
            "kind": _KINDS[symbol.kind],
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


def _nested(tree: Iterable[Symbol], places: Places) -> list[Json]:
    return [
        {
            "name": symbol.name,
            "detail": symbol.detail,
            "kind": _KINDS[symbol.kind],
            "range": places.range(symbol.span),
            "selectionRange": places.range(symbol.selection),
            "children": _nested(symbol.children, places),
        }
        for symbol in tree
    ]
