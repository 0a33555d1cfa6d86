"""What the server tells the client it can do: written out, so that nothing is claimed by chance.

pygls derives capabilities from registered handlers, which leaves out some (resolve) and claims
others (an empty command list); this table is compared with a snapshot by a test.
"""

from __future__ import annotations

from typing import Any

from doctorflan_ls.features.legend import MODIFIERS, TYPES
from doctorflan_ls.server.client import Client

DRAFT_COMMAND = "doctorflan.draft"
ACCEPT_COMMAND = "doctorflan.accept"
DISCARD_COMMAND = "doctorflan.discard"
REGENERATE_COMMAND = "doctorflan.regenerate"
REVIEWED_COMMAND = "doctorflan.reviewed"
DISMISS_COMMAND = "doctorflan.dismiss"
RESTORE_COMMAND = "doctorflan.restore"
COMMANDS = (
    DRAFT_COMMAND,
    ACCEPT_COMMAND,
    DISCARD_COMMAND,
    REGENERATE_COMMAND,
    REVIEWED_COMMAND,
    DISMISS_COMMAND,
    RESTORE_COMMAND,
)
REQUESTS = (
    *("draft", "status", "tasks", "analysis", "review", "outgoing", "check", "drafts"),
    "context",
)
ACTION_KINDS = ("quickfix", "refactor.rewrite.doctorflan", "source.doctorflan")


def server_capabilities(client: Client) -> dict[str, Any]:
    """``ServerCapabilities`` (LSP 3.17) for ``client``."""
    capabilities: dict[str, Any] = {
        "positionEncoding": client.encoding,
        "textDocumentSync": {"openClose": True, "change": 2},
        # "/" lists tasks at a line start; the others end a heading or an item of a list.
        "completionProvider": {"triggerCharacters": ["/"], "resolveProvider": True},
        "hoverProvider": True,
        "documentSymbolProvider": True,
        "foldingRangeProvider": True,
        "definitionProvider": True,
        "inlayHintProvider": True,
        "codeLensProvider": {},
        "semanticTokensProvider": {
            "legend": {"tokenTypes": list(TYPES), "tokenModifiers": list(MODIFIERS)},
            "range": True,
            "full": True,
        },
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "workspace": {"workspaceFolders": {"supported": True}},
        "experimental": {
            "doctorflan": {"requests": list(REQUESTS)},
        },
    }
    if client.pulls_diagnostics:
        capabilities["diagnosticProvider"] = {
            "interFileDependencies": False,
            "workspaceDiagnostics": False,
        }
    if client.inline_completion:
        capabilities["inlineCompletionProvider"] = {}
    if client.code_action_literals:
        capabilities["codeActionProvider"] = {
            "codeActionKinds": list(ACTION_KINDS),
            "resolveProvider": True,
        }
    return capabilities
