/** What a code action, a selection or a draft in the note asks for, as an order for the preview. */

import * as vscode from "vscode";
import type { OrderData, StandingDraft } from "../client/requests";
import { unitOffsets } from "../text/codepoints";
import type { Order } from "./conversation";

/** The order behind a code action or a completion of the server's. */
export async function orderOf(data: OrderData, title: string): Promise<Order> {
  const uri = vscode.Uri.parse(data.uri);
  const document = await vscode.workspace.openTextDocument(uri);
  const text = document.getText();
  const [start, end] = data.span ?? [0, 0];
  const [from = 0, to = 0, at = 0] = unitOffsets(text, [start, end, data.at ?? 0]);
  const isPart = data.span !== undefined && !(from === 0 && to >= text.length);
  return {
    uri,
    task: data.task,
    title,
    ...(isPart ? { range: plain(new vscode.Range(document.positionAt(from), document.positionAt(to))) } : {}),
    ...(data.at === undefined ? {} : { position: point(document.positionAt(at)) }),
    ...(data.language === undefined ? {} : { language: data.language }),
    ...(data.block === undefined ? {} : { block: data.block }),
  };
}

/** A task on the selection of `editor`, or on the whole note with its draft after the cursor's section. */
export function orderHere(editor: vscode.TextEditor, task: string, title: string): Order {
  const { document, selection } = editor;
  return { uri: document.uri, task, title, ...(selection.isEmpty ? {} : { range: plain(selection) }) };
}

/** The draft that stands in the note once more, in its place. */
export function orderAgain(uri: string, draft: StandingDraft): Order {
  return { uri: vscode.Uri.parse(uri), task: draft.task, title: draft.title, block: draft.id };
}

function plain(range: vscode.Range): NonNullable<Order["range"]> {
  return { start: point(range.start), end: point(range.end) };
}

function point(position: vscode.Position): { line: number; character: number } {
  return { line: position.line, character: position.character };
}
