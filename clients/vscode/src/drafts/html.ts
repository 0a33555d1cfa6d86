/** The preview's page: its script by nonce, its style from the extension, nothing from elsewhere. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { locale } from "../l10n";

export function previewHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = randomBytes(18).toString("base64");
  const script = webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", "preview.js")).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(extension, "media", "preview.css")).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${locale() === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>DoctorFLAN</title>
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
