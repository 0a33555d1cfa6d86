/** What leaves this machine: exactly the text that a task would send, or that nothing does. */

import * as vscode from "vscode";
import type { OutgoingResult } from "../client/requests";
import { pickTask } from "../drafts/commands";
import { t } from "../l10n";
import type { Services } from "../services";
import { noteEditor } from "./editor";
import { outgoingHtml } from "./outgoingHtml";
import { askStatus } from "./statusItem";
import { summary } from "./summary";

const VIEW = "doctorflan.outgoing";
let panel: vscode.WebviewPanel | undefined;

export async function showOutgoing(services: Services): Promise<void> {
  const client = await services.server.ready();
  const status = await askStatus(services);
  if (client === undefined || status === undefined) {
    show(services, { hosts: [], network: [], page: { kind: "no-server" } });
    return;
  }
  const { hosts } = summary(status);
  const network = status.network === "off" ? [] : status.network;
  const editor = noteEditor();
  if (hosts.length === 0 || editor === undefined) {
    show(services, { hosts, network, page: { kind: "no-note" } });
    return;
  }
  const task = await pickTask(client, editor);
  if (task === undefined) {
    return;
  }
  const { document, selection } = editor;
  const result = await client.sendRequest<OutgoingResult>("doctorflan/outgoing", {
    textDocument: { uri: document.uri.toString() },
    task: task.id,
    ...(selection.isEmpty ? {} : { range: client.code2ProtocolConverter.asRange(selection) }),
  });
  const note = vscode.workspace.asRelativePath(document.uri);
  show(services, { hosts, network, page: { kind: "text", note, task: task.title, result } });
}

export interface Outgoing {
  hosts: readonly string[];
  /** Hosts that the settings allow. */
  network: readonly string[];
  page:
    | { kind: "no-server" }
    | { kind: "no-note" }
    | { kind: "text"; note: string; task: string; result: OutgoingResult };
}

function show(services: Services, outgoing: Outgoing): void {
  const title = t("What leaves this machine");
  if (panel === undefined) {
    const { extensionUri } = services.context;
    panel = vscode.window.createWebviewPanel(VIEW, title, vscode.ViewColumn.Active, {
      localResourceRoots: [vscode.Uri.joinPath(extensionUri, "media")],
    });
    panel.iconPath = vscode.Uri.joinPath(extensionUri, "media", "icon.svg");
    panel.onDidDispose(() => {
      panel = undefined;
    });
  }
  panel.title = title;
  panel.webview.html = outgoingHtml(panel.webview, services.context.extensionUri, outgoing);
  panel.reveal();
}
