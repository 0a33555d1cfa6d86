"""What the client can do, flattened once from its capabilities (LSP 3.17, "initialize")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from doctorflan_ls.text import Encoding

_ENCODINGS: Mapping[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
# LSP 3.17, InsertTextMode.
INSERT_AS_IT_IS = 1
Markup = Literal["markdown", "plaintext"]


@dataclass(frozen=True, slots=True)
class Client:
    """Answers to the questions that handlers ask; a client that says nothing can do nothing."""

    encoding: Encoding = "utf-16"
    snippets: bool = False
    text_as_it_is: bool = False
    markdown_hover: bool = False
    completion_markup: Markup | None = None
    hierarchical_symbols: bool = False
    document_changes: bool = False
    change_annotations: bool = False
    code_action_literals: bool = False
    code_action_resolves_edit: bool = False
    code_action_resolves_command: bool = False
    inline_completion: bool = False
    publishes_diagnostics: bool = False
    versions_diagnostics: bool = False
    relates_diagnostics: bool = False
    describes_codes: bool = False
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    refreshes_semantic_tokens: bool = False
    refreshes_inlay_hints: bool = False
    fold_limit: int | None = None
    progress: bool = False
    apply_edit: bool = False
    configuration: bool = False
    registers_configuration: bool = False
    registers_watched_files: bool = False


def read_client(capabilities: object) -> Client:
    """Read ``ClientCapabilities``; whatever is missing or malformed counts as not supported."""
    document = _at(capabilities, "textDocument")
    workspace = _at(capabilities, "workspace")
    edit = _at(workspace, "workspaceEdit")
    action = _at(document, "codeAction")
    resolvable = _at(action, "resolveSupport", "properties")
    item = _at(document, "completion", "completionItem")
    fold_limit = _at(document, "foldingRange", "rangeLimit")
    return Client(
        encoding=_encoding(_at(capabilities, "general", "positionEncodings")),
        snippets=_at(item, "snippetSupport") is True,
        text_as_it_is=_has(_at(item, "insertTextModeSupport", "valueSet"), INSERT_AS_IT_IS),
        markdown_hover=_markup(_at(document, "hover", "contentFormat")) == "markdown",
        completion_markup=_markup(_at(item, "documentationFormat")),
        hierarchical_symbols=_at(document, "documentSymbol", "hierarchicalDocumentSymbolSupport")
        is True,
        document_changes=_at(edit, "documentChanges") is True,
        change_annotations=isinstance(_at(edit, "changeAnnotationSupport"), Mapping),
        code_action_literals=isinstance(_at(action, "codeActionLiteralSupport"), Mapping),
        code_action_resolves_edit=isinstance(resolvable, list) and "edit" in resolvable,
        code_action_resolves_command=isinstance(resolvable, list) and "command" in resolvable,
        inline_completion=isinstance(_at(document, "inlineCompletion"), Mapping),
        publishes_diagnostics=isinstance(_at(document, "publishDiagnostics"), Mapping),
        versions_diagnostics=_at(document, "publishDiagnostics", "versionSupport") is True,
        relates_diagnostics=_on_diagnostics(document, "relatedInformation"),
        describes_codes=_on_diagnostics(document, "codeDescriptionSupport"),
        pulls_diagnostics=isinstance(_at(document, "diagnostic"), Mapping),
        refreshes_diagnostics=_refreshes(_at(workspace, "diagnostics")),
        refreshes_semantic_tokens=_refreshes(_at(workspace, "semanticTokens")),
        refreshes_inlay_hints=_refreshes(_at(workspace, "inlayHint")),
        fold_limit=fold_limit if isinstance(fold_limit, int) and fold_limit > 0 else None,
        apply_edit=_at(workspace, "applyEdit") is True,
        configuration=_at(workspace, "configuration") is True,
        registers_configuration=_registers(_at(workspace, "didChangeConfiguration")),
        registers_watched_files=_registers(_at(workspace, "didChangeWatchedFiles")),
        progress=_at(capabilities, "window", "workDoneProgress") is True,
    )


def _at(value: object, *path: str) -> Any:  # noqa: ANN401
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _has(values: object, value: object) -> bool:
    return isinstance(values, list) and value in values


def _on_diagnostics(document: object, key: str) -> bool:
    """LSP 3.17 says it beside pushed ones; 3.18 beside asked ones too."""
    return any(
        _at(document, feature, key) is True for feature in ("publishDiagnostics", "diagnostic")
    )


def _refreshes(feature: object) -> bool:
    return _at(feature, "refreshSupport") is True


def _registers(feature: object) -> bool:
    return _at(feature, "dynamicRegistration") is True


def _encoding(offered: object) -> Encoding:
    """The client's first choice that we know; UTF-16 where it offers none."""
    for each in offered if isinstance(offered, list) else ():
        if isinstance(each, str) and each in _ENCODINGS:
            return _ENCODINGS[each]
    return "utf-16"


def _markup(formats: object) -> Markup | None:
    """The client's first choice; None where it knows strings only."""
    for each in formats if isinstance(formats, list) else ():
        if each == "markdown":
            return "markdown"
        if each == "plaintext":
            return "plaintext"
    return None
