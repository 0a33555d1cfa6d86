/** What this client can do, as `initialize` says it. */
export const CAPABILITIES = {
  general: { positionEncodings: ["utf-16"] },
  workspace: {
    applyEdit: true,
    workspaceEdit: { documentChanges: true },
    semanticTokens: { refreshSupport: true },
    inlayHint: { refreshSupport: true },
  },
  textDocument: {
    synchronization: {},
    publishDiagnostics: { versionSupport: true, relatedInformation: true },
    completion: {
      completionItem: {
        snippetSupport: true,
        documentationFormat: ["plaintext"],
        resolveSupport: { properties: ["documentation"] },
      },
    },
    hover: { contentFormat: ["plaintext"] },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "refactor", "source"] } },
      dataSupport: true,
      resolveSupport: { properties: ["edit", "command"] },
    },
    inlayHint: {},
    inlineCompletion: {},
    semanticTokens: {
      requests: { full: true, range: true },
      tokenTypes: ["namespace", "number", "type", "variable", "comment"],
      tokenModifiers: [],
      formats: ["relative"],
    },
  },
};
