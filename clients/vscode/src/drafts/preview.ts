/** The side preview: one panel for a note, showing the latest conversation about it. */

import * as vscode from "vscode";
import { t } from "../l10n";
import { discardStanding, acceptStanding } from "../review/commands";
import type { Services } from "../services";
import { Conversation, type Order } from "./conversation";
import { previewHtml } from "./html";
import { flash, noteColumn } from "./jump";
import { previewState } from "./previewState";
import type { FromPreview, ToPreview } from "./view";

export const PREVIEW_VIEW = "doctorflan.preview";
const REDRAW_AFTER = 40;

export class Preview implements vscode.Disposable {
  private static readonly open = new Map<string, Preview>();

  private conversation: Conversation | undefined;
  private listening: vscode.Disposable | undefined;
  private redraw: NodeJS.Timeout | undefined;
  private readonly uri: vscode.Uri;

  /** Shows what `order` asks for, in the note's panel. */
  static run(services: Services, order: Order): Promise<void> {
    const key = order.uri.toString();
    const preview = Preview.open.get(key) ?? new Preview(services, order);
    Preview.open.set(key, preview);
    return preview.begin(order);
  }

  /** The panel that has the focus, else that of the note in the active editor. */
  static get active(): Preview | undefined {
    const panels = [...Preview.open.values()];
    const note = vscode.window.activeTextEditor?.document.uri.toString();
    return panels.find(({ panel }) => panel.active) ?? (note === undefined ? undefined : Preview.open.get(note)) ?? panels.at(-1);
  }

  private readonly panel: vscode.WebviewPanel;

  private constructor(
    private readonly services: Services,
    order: Order,
  ) {
    this.uri = order.uri;
    const { extensionUri } = services.context;
    this.panel = vscode.window.createWebviewPanel(PREVIEW_VIEW, order.title, vscode.ViewColumn.Beside, {
      enableScripts: true,
      retainContextWhenHidden: true,
      localResourceRoots: [vscode.Uri.joinPath(extensionUri, "dist"), vscode.Uri.joinPath(extensionUri, "media")],
    });
    this.panel.iconPath = vscode.Uri.joinPath(extensionUri, "media", "icon.svg");
    this.panel.webview.onDidReceiveMessage((message: FromPreview) => {
      void this.received(message);
    });
    this.panel.onDidDispose(() => {
      this.dispose();
    });
    this.panel.webview.html = previewHtml(this.panel.webview, extensionUri);
  }

  reveal(): void {
    this.panel.reveal();
  }

  async received(message: FromPreview): Promise<void> {
    const { conversation } = this;
    if (conversation === undefined) {
      return;
    }
    switch (message.type) {
      case "ready":
        this.draw();
        break;
      case "stop":
        conversation.stop();
        break;
      case "regenerate":
        await conversation.again();
        break;
      case "ask":
        await conversation.ask(message.question);
        break;
      case "insert":
        await this.insert(conversation, message.turn);
        break;
      case "copy":
        await vscode.env.clipboard.writeText(conversation.turns[message.turn]?.text ?? "");
        vscode.window.setStatusBarMessage(t("Draft copied"), 3_000);
        break;
      case "goto":
        await this.goto(conversation, message);
        break;
      case "accept":
      case "discard":
        await this.review(conversation, message.type);
        break;
    }
  }

  /** Inserts the latest draft that can be. */
  async insertLatest(): Promise<void> {
    const turn = this.conversation?.turns.findLastIndex(({ insertion }) => insertion?.isPossible === true);
    if (turn !== undefined && turn >= 0) {
      await this.received({ type: "insert", turn });
    }
  }

  dispose(): void {
    clearTimeout(this.redraw);
    Preview.open.delete(this.uri.toString());
    this.listening?.dispose();
    this.conversation?.dispose();
  }

  private async begin(order: Order): Promise<void> {
    this.listening?.dispose();
    this.conversation?.dispose();
    const conversation = new Conversation(order, (token) => this.services.server.ready(token));
    this.conversation = conversation;
    this.panel.title = order.title;
    this.listening = conversation.onDidChange(() => {
      this.redraw ??= setTimeout(() => {
        this.draw();
      }, REDRAW_AFTER);
    });
    this.panel.reveal(undefined, false);
    await conversation.ask(null);
  }

  private draw(): void {
    clearTimeout(this.redraw);
    this.redraw = undefined;
    if (this.conversation !== undefined) {
      const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === this.uri.toString());
      const message: ToPreview = { type: "state", state: previewState(this.conversation, document) };
      void this.panel.webview.postMessage(message);
    }
  }

  private async insert(conversation: Conversation, index: number): Promise<void> {
    const turn = conversation.turns[index];
    if (turn?.insertion === undefined) {
      return;
    }
    const document = await vscode.workspace.openTextDocument(this.uri);
    await vscode.window.showTextDocument(document, { viewColumn: noteColumn(this.uri), preserveFocus: true });
    if (!(await conversation.insert(turn))) {
      void vscode.window.showWarningMessage(t("The draft could not be inserted: the note may be read-only. Copy it, or choose Regenerate."));
      return;
    }
    const range = turn.insertion.range(document);
    await flash(this.uri, range === undefined ? [] : [range], false);
    this.services.changed.fire();
  }

  private async goto(conversation: Conversation, message: { turn: number; reference: number }): Promise<void> {
    const range = conversation.turns[message.turn]?.rendered?.sources[message.reference - 1];
    if (range !== undefined) {
      const { start, end } = range;
      await flash(this.uri, [new vscode.Range(start.line, start.character, end.line, end.character)], true);
    }
  }

  private async review(conversation: Conversation, what: "accept" | "discard"): Promise<void> {
    const block = conversation.standing?.result?.draft.id;
    if (block !== undefined) {
      const argument = { uri: this.uri.toString(), block };
      await (what === "accept" ? acceptStanding : discardStanding)(this.services, argument);
    }
  }
}
