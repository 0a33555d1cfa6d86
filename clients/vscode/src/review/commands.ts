/** Accepting, discarding and regenerating a draft that stands in a note. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { BlockArgument, DraftsResult, ReviewParams, ReviewResult, StandingDraft } from "../client/requests";
import { isBlock } from "../drafts/actions";
import { t } from "../l10n";
import type { Services } from "../services";
import { draftAt } from "./cursor";

export interface Standing {
  argument: BlockArgument;
  draft: StandingDraft;
}

export async function acceptStanding(services: Services, from: unknown): Promise<void> {
  await review(services, from, "accepted");
}

export async function discardStanding(services: Services, from: unknown): Promise<void> {
  await review(services, from, "discarded");
}

/** The draft that a command is about: its argument, else the one at the cursor. */
export async function standing(services: Services, from: unknown): Promise<Standing | undefined> {
  const client = await services.server.ready();
  if (client === undefined) {
    void vscode.window.showWarningMessage(t("DoctorFLAN's server is not running; the draft stays in the note as it is."));
    return undefined;
  }
  const argument = argumentOf(from);
  const uri = argument?.uri ?? vscode.window.activeTextEditor?.document.uri.toString();
  if (uri === undefined) {
    return undefined;
  }
  await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const result = await client.sendRequest<DraftsResult>("doctorflan/drafts", { textDocument: { uri } });
  const drafts = result.documents.flatMap((document) => document.drafts);
  const draft = argument === undefined ? atCursor(drafts) : drafts.find(({ id }) => id === argument.block);
  if (draft === undefined) {
    void vscode.window.showInformationMessage(t("There is no draft here to review: put the cursor into one."));
    return undefined;
  }
  return { argument: { uri, block: draft.id }, draft };
}

async function review(services: Services, from: unknown, outcome: ReviewParams["outcome"]): Promise<void> {
  const found = await standing(services, from);
  const client = services.server.client;
  if (found === undefined || client === undefined) {
    return;
  }
  const reason = outcome === "discarded" ? await askReason(client, found.draft) : null;
  if (reason === undefined) {
    return;
  }
  const { uri, block } = found.argument;
  const params = { textDocument: { uri }, block, outcome, ...(reason === null ? {} : { reason }) };
  try {
    await applyReview(client, params);
    services.changed.fire();
  } catch (error) {
    void vscode.window.showWarningMessage(error instanceof Error ? error.message : String(error));
  }
}

/** One edit, so one undo step; the record is written only once the edit stands. */
async function applyReview(client: LanguageClient, params: ReviewParams): Promise<void> {
  const result = await client.sendRequest<ReviewResult>("doctorflan/review", params);
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(withoutConfirmation(result.edit));
  if (!(await vscode.workspace.applyEdit(edit))) {
    throw new Error(t("The note could not be changed; it may be read-only."));
  }
  await client.sendRequest("workspace/executeCommand", { command: "doctorflan.reviewed", arguments: [result.reviewed] });
}

/** Accepting or discarding by hand is the confirmation: the edit is applied without another. */
function withoutConfirmation(edit: ReviewResult["edit"]): ReviewResult["edit"] {
  const { documentChanges, changes } = edit;
  if (documentChanges === undefined) {
    return changes === undefined ? {} : { changes };
  }
  return {
    documentChanges: documentChanges.map((change) =>
      "edits" in change
        ? { ...change, edits: change.edits.map((each) => ("newText" in each ? { range: each.range, newText: each.newText } : each)) }
        : change,
    ),
  };
}

/** A coded reason; null where it is skipped, undefined where the doctor turned back. */
async function askReason(client: LanguageClient, draft: StandingDraft): Promise<string | null | undefined> {
  const { reasons } = await client.sendRequest<DraftsResult>("doctorflan/drafts", {});
  const skip = { label: t("Discard without a reason"), id: null as string | null };
  const items = [...reasons.map(({ id, title }) => ({ label: title, id: id })), skip];
  const chosen = await vscode.window.showQuickPick(items, {
    title: t("Discard draft: {0}", draft.title),
    placeHolder: t("Why? Only the reason is recorded, never the text. Escape keeps the draft."),
  });
  return chosen?.id;
}

function argumentOf(from: unknown): BlockArgument | undefined {
  if (isBlock(from)) {
    return from;
  }
  const inner = (from as { argument?: unknown } | null | undefined)?.argument;
  return isBlock(inner) ? inner : undefined;
}

function atCursor(drafts: readonly StandingDraft[]): StandingDraft | undefined {
  const line = vscode.window.activeTextEditor?.selection.active.line;
  if (line === undefined) {
    return undefined;
  }
  return draftAt(drafts, line);
}
