"""The server as recorded clients see it: pytest-lsp's profiles, its specification checks on."""

from __future__ import annotations

import sys

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, LspSpecificationWarning

from tests.e2e.peer import environment
from tests.e2e.test_drafts import NOTE

pytestmark = pytest.mark.filterwarnings(
    f"error::{LspSpecificationWarning.__module__}.{LspSpecificationWarning.__name__}"
)
URI = "file:///n.txt"


@pytest_lsp.fixture(
    params=["visual_studio_code", "neovim@0.6.1", "neovim@latest", "emacs"],
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "doctorflan_ls", "--stdio"],
        server_env=environment(),
    ),
)
async def client(request, lsp_client: LanguageClient):
    # pytest-lsp claims that it registers capabilities, and answers that it does not.
    lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
    # Nor does it answer to the refreshes that it claims to support, which plugins bring about.
    for refresh in (
        types.WORKSPACE_DIAGNOSTIC_REFRESH,
        types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
        types.WORKSPACE_INLAY_HINT_REFRESH,
    ):
        if refresh not in lsp_client.protocol.fm.features:
            lsp_client.feature(refresh)(lambda params: None)
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=pytest_lsp.client_capabilities(request.param),
            locale="zh-cn",
        )
    )
    item = types.TextDocumentItem(URI, "clinical-note", 1, NOTE)
    lsp_client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    yield
    await lsp_client.shutdown_session()


def here(line, character):
    return types.Range(types.Position(line, character), types.Position(line, character))


DOCUMENT = types.TextDocumentIdentifier(URI)


async def test_completion(client):
    result = await client.text_document_completion_async(
        types.CompletionParams(DOCUMENT, types.Position(2, 0))
    )
    assert "既往史" in [item.label for item in result.items]
    snippets = client.capabilities.text_document.completion.completion_item.snippet_support
    for item in result.items:
        assert (item.insert_text_format == types.InsertTextFormat.Snippet) is bool(snippets)
    resolved = await client.completion_item_resolve_async(result.items[0])
    assert resolved.documentation


async def test_a_task_becomes_its_draft_without_a_command(client):
    end = types.Position(2, 0)
    change = types.TextDocumentContentChangePartial(range=here(2, 0), text="/fz")
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, URI), [change])
    )
    params = types.CompletionParams(DOCUMENT, types.Position(2, 3))
    item = (await client.text_document_completion_async(params)).items[0]
    assert item.command is None
    assert item.text_edit.range == types.Range(end, types.Position(2, 3))
    assert item.text_edit.new_text.startswith("〔DoctorFLAN 草稿 待审核｜分诊｜")


async def test_symbols(client):
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(DOCUMENT))
    assert [symbol.name for symbol in symbols] == ["主诉", "现病史"]


async def test_folding(client):
    params = types.FoldingRangeParams(DOCUMENT)
    assert not await client.text_document_folding_range_async(params)


async def test_hover(client):
    hover = await client.text_document_hover_async(
        types.HoverParams(DOCUMENT, types.Position(0, 1))
    )
    assert "主诉" in hover.contents.value


async def test_a_code_action_leads_to_a_marked_draft(client):
    context = types.CodeActionContext(
        [], only=["source.doctorflan"], trigger_kind=types.CodeActionTriggerKind.Invoked
    )
    found = await client.text_document_code_action_async(
        types.CodeActionParams(DOCUMENT, here(1, 5), context)
    )
    [action] = [each for each in found if each.kind == "source.doctorflan.case-summary"]
    if action.edit is None:
        action = await client.code_action_resolve_async(action)
    workspace = client.capabilities.workspace.workspace_edit
    if workspace is not None and workspace.document_changes:
        [change] = action.edit.document_changes
        assert change.text_document.version == 1
        [edit] = change.edits
        annotated = workspace.change_annotation_support is not None
        assert isinstance(edit, types.AnnotatedTextEdit) is annotated
    else:
        [[edit]] = action.edit.changes.values()
    assert "待审核" in edit.new_text
    assert edit.range == here(2, 0)
