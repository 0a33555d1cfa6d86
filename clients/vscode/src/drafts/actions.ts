/** Code actions of the server that this extension shows in its preview, or asks a reason for. */

import * as vscode from "vscode";
import type { BlockArgument, OrderData } from "../client/requests";
import { DISCARD, DISMISS } from "../review/ids";

export const RUN = "doctorflan.drafts.run";

/** With `refactorPreview` the server's edit goes to VS Code's own Refactor Preview. */
export function usesSidePreview(): boolean {
  return vscode.workspace.getConfiguration("doctorflan").get<string>("draft.preview", "side") === "side";
}

/** The action as one that opens the preview; undefined where it makes no draft. */
export function previewedAction(action: vscode.CodeAction): vscode.CodeAction | undefined {
  const { data } = action as { data?: unknown };
  if (!isOrder(data) || !usesSidePreview()) {
    return undefined;
  }
  const shown = new vscode.CodeAction(action.title, action.kind);
  shown.command = { title: action.title, command: RUN, arguments: [data] };
  return shown;
}

/** An action that discards a draft, as one that asks for the reason first. */
export function reviewedAction(action: vscode.CodeAction): vscode.CodeAction | undefined {
  const argument: unknown = action.command?.arguments?.[0];
  if (action.kind?.value !== "quickfix.doctorflan.discard" || !isBlock(argument)) {
    return undefined;
  }
  const shown = new vscode.CodeAction(action.title, action.kind);
  shown.command = { title: action.title, command: DISCARD, arguments: [{ uri: argument.uri, block: argument.block }] };
  return shown;
}

/** An action that puts a finding aside, as one that asks for the reason first. */
export function dismissingAction(action: vscode.CodeAction): vscode.CodeAction | undefined {
  const { command } = action;
  if (command?.command !== "doctorflan.dismiss") {
    return undefined;
  }
  const shown = new vscode.CodeAction(action.title, action.kind);
  shown.command = { ...command, command: DISMISS };
  if (action.diagnostics !== undefined) {
    shown.diagnostics = action.diagnostics;
  }
  return shown;
}

export function isOrder(value: unknown): value is OrderData {
  const data = value as Partial<OrderData> | null | undefined;
  return (
    (data?.op === "draft" || data?.op === "regenerate") && typeof data.task === "string" && typeof data.uri === "string"
  );
}

export function isBlock(value: unknown): value is BlockArgument {
  const argument = value as Partial<BlockArgument> | null | undefined;
  return typeof argument?.uri === "string" && typeof argument.block === "string";
}
