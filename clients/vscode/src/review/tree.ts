/** The Notes panel: drafts that stand in notes and wait for a doctor's review. */

import * as vscode from "vscode";
import type { BlockArgument, DraftsResult, StandingDraft } from "../client/requests";
import { t } from "../l10n";
import type { Services } from "../services";
import { draftAt } from "./cursor";
import { AT_CALCULATED, isCalculated } from "./ids";

export const NOTES_VIEW = "doctorflan.notes";
export const OPEN_DRAFT = "doctorflan.review.open";
const REFRESH_AFTER = 500;

interface NoteNode {
  kind: "note";
  uri: vscode.Uri;
  drafts: readonly DraftNode[];
}

export interface DraftNode {
  kind: "draft";
  uri: vscode.Uri;
  draft: StandingDraft;
  argument: BlockArgument;
  isOpen: boolean;
}

type Node = NoteNode | DraftNode;

export class NotesTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly listening: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;
  private atCalculated = false;
  private notes: readonly NoteNode[] = [];
  /** Of the last check of a folder, by document; those that are open now are asked for anew. */
  private readonly checked = new Map<string, readonly StandingDraft[]>();

  constructor(private readonly services: Services) {
    this.view = vscode.window.createTreeView(NOTES_VIEW, { treeDataProvider: this, showCollapseAll: true });
    const soon = (): void => {
      this.refreshSoon();
    };
    this.listening = vscode.Disposable.from(
      services.server.onDidChange(soon),
      services.changed.event(soon),
      vscode.workspace.onDidChangeTextDocument(soon),
      vscode.workspace.onDidOpenTextDocument(soon),
      vscode.workspace.onDidCloseTextDocument(soon),
      vscode.window.onDidChangeTextEditorSelection(() => {
        this.tellPlace();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.tellPlace();
      }),
    );
    soon();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listening.dispose();
    this.view.dispose();
    this.emitter.dispose();
  }

  /** What a check of a folder found, in place of what an earlier one did. */
  setChecked(found: ReadonlyMap<string, readonly StandingDraft[]>): void {
    this.checked.clear();
    for (const [uri, drafts] of found) {
      this.checked.set(uri, drafts);
    }
    this.refreshSoon();
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) {
      return [...this.notes];
    }
    return node.kind === "note" ? [...node.drafts] : [];
  }

  getParent(node: Node): Node | undefined {
    return node.kind === "note" ? undefined : this.notes.find(({ uri }) => uri.toString() === node.uri.toString());
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "note" ? noteItem(node) : draftItem(node);
  }

  refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), REFRESH_AFTER);
  }

  private async refresh(): Promise<void> {
    const open = await this.openDrafts();
    const found = new Map<string, { drafts: readonly StandingDraft[]; isOpen: boolean }>();
    for (const [uri, drafts] of this.checked) {
      found.set(uri, { drafts, isOpen: false });
    }
    for (const { uri, drafts } of open) {
      found.set(vscode.Uri.parse(uri).toString(), { drafts, isOpen: true });
      this.checked.delete(vscode.Uri.parse(uri).toString());
    }
    this.notes = [...found]
      .filter(([, { drafts }]) => drafts.length > 0)
      .map(([uri, { drafts, isOpen }]) => noteNode(vscode.Uri.parse(uri), drafts, isOpen));
    const count = this.notes.reduce((sum, { drafts }) => sum + drafts.length, 0);
    this.view.badge = count === 0 ? undefined : { value: count, tooltip: t("{0} drafts await review", count) };
    this.emitter.fire(undefined);
    this.tellPlace();
  }

  /** Whether the cursor is in a calculator's line, as far as that is known here. */
  private tellPlace(): void {
    const editor = vscode.window.activeTextEditor;
    const note = this.notes.find(({ uri }) => uri.toString() === editor?.document.uri.toString());
    const drafts = (note?.drafts ?? []).map(({ draft }) => draft);
    const draft = editor === undefined ? undefined : draftAt(drafts, editor.selection.active.line);
    const is = draft !== undefined && isCalculated(draft.task);
    if (is !== this.atCalculated) {
      this.atCalculated = is;
      void vscode.commands.executeCommand("setContext", AT_CALCULATED, is);
    }
  }

  private async openDrafts(): Promise<DraftsResult["documents"]> {
    try {
      const result = await this.services.server.client?.sendRequest<DraftsResult>("doctorflan/drafts", {});
      return result?.documents ?? [];
    } catch {
      return [];
    }
  }
}

function noteNode(uri: vscode.Uri, drafts: readonly StandingDraft[], isOpen: boolean): NoteNode {
  const nodes = drafts.map((draft): DraftNode => {
    const argument = { uri: uri.toString(), block: draft.id };
    return { kind: "draft", uri, draft, argument, isOpen };
  });
  return { kind: "note", uri, drafts: nodes };
}

function noteItem({ uri, drafts }: NoteNode): vscode.TreeItem {
  const item = new vscode.TreeItem(uri, vscode.TreeItemCollapsibleState.Expanded);
  item.id = uri.toString();
  item.description = String(drafts.length);
  item.contextValue = "doctorflan.noteItem";
  item.accessibilityInformation = { label: t("{0}: {1} drafts await review", uri.path.split("/").at(-1) ?? "", drafts.length) };
  return item;
}

function draftItem(node: DraftNode): vscode.TreeItem {
  const { draft, uri } = node;
  const item = new vscode.TreeItem(draft.title, vscode.TreeItemCollapsibleState.None);
  const state = draft.modified === true ? t("edited by you") : "";
  item.id = `${uri.toString()}#${draft.id}`;
  item.description = [draft.model, state].filter((part) => part !== "").join(" · ");
  item.iconPath = new vscode.ThemeIcon("edit");
  item.contextValue = isCalculated(draft.task) ? "doctorflan.calculatedItem" : "doctorflan.draftItem";
  item.tooltip = t("{0}, line {1}, made by {2}; not reviewed", draft.title, draft.range.start.line + 1, draft.model);
  item.accessibilityInformation = { label: item.tooltip };
  item.command = { title: draft.title, command: OPEN_DRAFT, arguments: [node] };
  return item;
}

/** Opens the note at the draft. */
export async function openDraft(node: DraftNode): Promise<void> {
  const { line } = node.draft.range.start;
  const document = await vscode.workspace.openTextDocument(node.uri);
  const selection = new vscode.Range(Math.min(line, document.lineCount - 1), 0, Math.min(line, document.lineCount - 1), 0);
  await vscode.window.showTextDocument(document, { selection });
}
