"""The handlers, by method: each takes the connection and the parameters and returns plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doctorflan_ls.server.requests import (
    check,
    code_action,
    code_lens,
    command,
    completion,
    configuration,
    context,
    definition,
    diagnostic,
    draft,
    drafts,
    hover,
    info,
    inlay_hint,
    inline_completion,
    lifecycle,
    outgoing,
    review,
    semantic_tokens,
    symbols,
    sync,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES: dict[str, Callable[..., Any]] = {
    "initialize": lifecycle.initialize,
    "initialized": configuration.initialized,
    "shutdown": lifecycle.shutdown,
    "$/setTrace": lifecycle.set_trace,
    "window/workDoneProgress/cancel": lifecycle.cancel_progress,
    "workspace/didChangeConfiguration": configuration.did_change_configuration,
    "workspace/didChangeWatchedFiles": configuration.did_change_watched_files,
    "textDocument/didOpen": sync.did_open,
    "textDocument/didChange": sync.did_change,
    "textDocument/didClose": sync.did_close,
    "textDocument/documentSymbol": symbols.document_symbol,
    "textDocument/foldingRange": symbols.folding_range,
    "textDocument/completion": completion.completion,
    "completionItem/resolve": completion.resolve,
    "textDocument/inlineCompletion": inline_completion.inline_completion,
    "textDocument/hover": hover.hover,
    "textDocument/codeAction": code_action.code_action,
    "codeAction/resolve": code_action.resolve,
    "workspace/executeCommand": command.execute_command,
    "textDocument/diagnostic": diagnostic.diagnostic,
    "textDocument/semanticTokens/full": semantic_tokens.full,
    "textDocument/semanticTokens/range": semantic_tokens.in_range,
    "textDocument/inlayHint": inlay_hint.inlay_hint,
    "textDocument/codeLens": code_lens.code_lens,
    "textDocument/definition": definition.definition,
    "doctorflan/draft": draft.draft,
    "doctorflan/status": info.status,
    "doctorflan/tasks": info.tasks,
    "doctorflan/analysis": info.analysis,
    "doctorflan/review": review.review,
    "doctorflan/outgoing": outgoing.outgoing,
    "doctorflan/check": check.check,
    "doctorflan/context": context.context,
    "doctorflan/drafts": drafts.drafts,
}

# What may come without an id; one of these that has an id is answered all the same.
NOTIFICATIONS = {
    "initialized",
    "$/setTrace",
    "window/workDoneProgress/cancel",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWatchedFiles",
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "doctorflan/context",
}
