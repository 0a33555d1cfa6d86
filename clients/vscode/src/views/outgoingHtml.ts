/** The page of the view "what leaves this machine": no script, nothing from elsewhere. */

import * as vscode from "vscode";
import { locale, t } from "../l10n";
import type { Outgoing } from "./outgoing";

export function outgoingHtml(webview: vscode.Webview, extension: vscode.Uri, outgoing: Outgoing): string {
  const style = webview.asWebviewUri(vscode.Uri.joinPath(extension, "media", "outgoing.css")).toString();
  return `<!DOCTYPE html>
<html lang="${locale() === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}">
<link rel="stylesheet" href="${style}">
<title>DoctorFLAN</title>
</head>
<body>
<h1>${escaped(t("What leaves this machine"))}</h1>
${body(outgoing)}
</body>
</html>`;
}

function body({ hosts, network, page }: Outgoing): string {
  const allowed =
    network.length === 0
      ? t("Your settings allow no host (doctorflan.network.hosts is empty).")
      : t("Your settings allow these hosts: {0}.", network.join(", "));
  switch (page.kind) {
    case "no-server":
      return verdict("safe", t("DoctorFLAN's server is not running, so nothing of your notes leaves this machine."));
    case "no-note":
      return hosts.length === 0
        ? verdict("safe", t("Nothing leaves this machine.")) +
            paragraph(t("The models that answer run here; no text of a note is sent anywhere, and nothing about you or your work is counted or reported.")) +
            paragraph(allowed)
        : verdict("leaves", t("Drafts are made by {0}: open a note to see exactly what would be sent.", hosts.join(", "))) +
            paragraph(allowed);
    case "text":
      return textPage(page, allowed);
  }
}

function textPage({ note, task, result }: Extract<Outgoing["page"], { kind: "text" }>, allowed: string): string {
  const about = paragraph(t("{0}, task {1}, model {2}", note, task, result.model));
  if (result.host === "") {
    return about + verdict("safe", t("For this task nothing leaves this machine.")) + paragraph(allowed);
  }
  const messages = result.messages
    .map(({ role, text }) => `<h2>${escaped(role)}</h2><pre tabindex="0" aria-label="${escaped(role)}">${escaped(text)}</pre>`)
    .join("\n");
  return (
    about +
    verdict("leaves", t("This text, and nothing else, would be sent to {0}. {1} identifiers are masked in it; masked text is not anonymous, so read it before you draft.", result.host, result.masked)) +
    paragraph(allowed) +
    messages
  );
}

function verdict(kind: "safe" | "leaves", text: string): string {
  return `<p class="verdict ${kind}" role="status">${escaped(text)}</p>`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
