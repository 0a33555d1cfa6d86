"""documentSymbol and foldingRange."""

from __future__ import annotations

from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING

from doctorflan_ls.server.jsonrpc import Raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doctorflan_ls.features.symbols import Symbol
    from doctorflan_ls.server.connection import Connection
    from doctorflan_ls.server.convert import Json
    from doctorflan_ls.server.params import Params

# LSP 3.17, SymbolKind: String, as Markdown servers show headings; Object.
_KINDS = {"section": 15, "draft": 19}


def document_symbol(ls: Connection, params: Params) -> list[Json] | Raw:
    """The outline: nested where the client nests, else a list with parents' names."""
    from doctorflan_ls.features.symbols import flat, symbols  # noqa: PLC0415

    document = ls.document(params.uri())
    tree = symbols(ls.snapshot(document))
    places = ls.places(document)
    if ls.client.hierarchical_symbols:
        positions = document.text.positions(_offsets(tree), ls.client.encoding)
        at = {
            offset: f'{{"line":{line},"character":{character}}}'
            for offset, (line, character) in positions.items()
        }
        return Raw(f"[{_nested(tree, at)}]")
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


def _nested(tree: Iterable[Symbol], at: Mapping[int, str]) -> str:
    """JSON text, because a 1 MB note has thousands of symbols after every keystroke."""
    return ",".join(
        f'{{"name":{_quoted(name)},"detail":{_quoted(detail)},"kind":{_KINDS[kind]},'
        f'"range":{{"start":{at[span[0]]},"end":{at[span[1]]}}},'
        f'"selectionRange":{{"start":{at[selection[0]]},"end":{at[selection[1]]}}},'
        f'"children":[{_nested(children, at) if children else ""}]}}'
        for name, detail, kind, span, selection, children in tree
    )


def _offsets(tree: Iterable[Symbol]) -> Iterator[int]:
    for _name, _detail, _kind, span, selection, children in tree:
        yield from span
        yield from selection
        if children:
            yield from _offsets(children)
