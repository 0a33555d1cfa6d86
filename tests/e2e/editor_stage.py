"""What the machine of editors draws from, and the server it plays against."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import strategies as st

from doctorflan_ls.notes.markers import closing, opening
from tests.e2e.editor_client import ENDLESS, FOREIGN
from tests.e2e.editor_text import ENCODINGS, Json
from tests.e2e.peer import listening, port_of

URIS = ("file:///a.txt", "file:///b.txt", "untitled:c", "file:///%E7%97%85%E5%8E%86 𠮷.txt")
DOCUMENTS = st.sampled_from([URIS[0]] * 5 + [URIS[1]] * 2 + list(URIS[2:]))
PIECES = (
    *(
        "主诉：咳嗽3天",
        "现病史：",
        "T 38.9℃",
        "既往史：青霉素过敏",
        "诊断：肺炎",
        "WBC 12.3×10^9/L",
    ),
    *(
        "Allergies: penicillin",
        "\nA/P:\n",
        "处理：阿莫西林 0.5g 口服",
        "/分诊",
        "/case",
        "/",
        "---\n",
    ),
    *("\r", "\n", "\r\n", "\n\r", "\f", "\x0b", "\x85", "\u2028", "\u2029", "\x00", "\ufeff"),
    *("𠮷", "😀", "👩\u200d⚕️", "e\u0301", "\ud83d", "\ude00", " ", "\t", "x", "咳"),
    opening("zh", "分诊", "triage", "skeleton 1", "d1")
    + "\n科室：呼吸内科\n"
    + closing("zh", "d1"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)
# Places of the text by a share of its length, or as they come, mostly far outside.
PLACES = st.one_of(
    st.floats(0, 1),
    st.tuples(st.integers(0, 6), st.integers(0, 30)),
    st.sampled_from([(0, 2**31 - 1), (2**31 - 1, 0), (2**31 - 1, 2**31 - 1)]),
)
# An edit, or None where the whole text is replaced.
CHANGES = st.lists(st.tuples(st.one_of(st.tuples(PLACES, PLACES), st.none()), TEXTS), max_size=4)
VERSIONS = st.sampled_from([1, 1, 1, 1, 1, 9, 0, -1, None])
ASKED = (
    *("textDocument/hover", "textDocument/documentSymbol", "textDocument/foldingRange"),
    *("textDocument/completion", "textDocument/inlineCompletion", "textDocument/inlayHint"),
    *("textDocument/semanticTokens/full", "textDocument/semanticTokens/range"),
    *("textDocument/codeLens", "textDocument/definition", "textDocument/diagnostic"),
    *("textDocument/codeAction", "doctorflan/analysis", "doctorflan/tasks", "doctorflan/draft"),
    *("doctorflan/drafts", "doctorflan/outgoing", "test/text", ENDLESS, *FOREIGN),
)
TASKS = ("triage", "case-summary", "follow-up-plan")
ABLE: Json = {
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceEdit": {"documentChanges": True},
        "diagnostics": {"refreshSupport": True},
    },
    "window": {"workDoneProgress": True},
    "textDocument": {
        "publishDiagnostics": {"versionSupport": True},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
            "resolveSupport": {"properties": ["edit"]},
        },
        "inlineCompletion": {},
    },
}


class Stage:
    """The event loop of the machines and, over WebSocket, the one server that all of them use."""

    def __init__(
        self, transport: str, encodings: tuple[str, ...] = ENCODINGS, *, patient: bool = False
    ) -> None:
        self.transport = transport
        # What the editors offer.
        self.encodings = encodings
        # Whether there is time for long notes and for waiting.
        self.patient = patient
        self.loop = asyncio.new_event_loop()
        self.steps = self.messages = 0
        self._stack = AsyncExitStack()
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    def begin(self) -> None:
        """Start the server, where there is one for all."""
        if self.transport == "ws":
            server = self._stack.enter_async_context(listening("ws", "t"))
            self.process, lines = self.run(server)
            self.port = port_of(lines)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    def close(self) -> None:
        """End the server, which has nothing to complain of."""
        if self.process is not None:
            self.process.terminate()
            assert self.process.stderr is not None
            assert self.run(self.process.stderr.read()) == b""
        self.run(self._stack.aclose())
        self.loop.close()
