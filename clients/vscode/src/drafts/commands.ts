/** Commands that draft. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { OrderData, TaskInfo } from "../client/requests";
import { t } from "../l10n";
import { standing } from "../review/commands";
import { isCalculated } from "../review/ids";
import type { Services } from "../services";
import { noteEditor } from "../views/editor";
import { isOrder } from "./actions";
import { orderAgain, orderHere, orderOf } from "./order";
import { Preview } from "./preview";

/** A task chosen from a list, drafted for the selection or the note. */
export async function draftTask(services: Services): Promise<void> {
  const editor = noteEditor();
  const client = editor === undefined ? undefined : await services.server.ready();
  if (editor === undefined || client === undefined) {
    sayWhyNot(editor);
    return;
  }
  const chosen = await pickTask(client, editor);
  if (chosen !== undefined) {
    await Preview.run(services, orderHere(editor, chosen.id, chosen.title));
  }
}

/** What a lightbulb action or a completion asked for. */
export async function runOrder(services: Services, data: unknown): Promise<void> {
  if (!isOrder(data)) {
    return;
  }
  await removeTyped(data);
  const title = await taskTitle(services, data.task);
  await Preview.run(services, await orderOf(data, title));
}

export async function regenerateStanding(services: Services, from: unknown): Promise<void> {
  const found = await standing(services, from);
  if (found !== undefined && isCalculated(found.draft.task)) {
    void vscode.window.showInformationMessage(t("A calculator made this line, so there is nothing to regenerate: correct its values in the note and insert it anew."));
  } else if (found !== undefined) {
    await Preview.run(services, orderAgain(found.argument.uri, found.draft));
  }
}

/** Tasks that fit the selection or the note, best first. */
export async function pickTask(client: LanguageClient, editor: vscode.TextEditor): Promise<TaskInfo | undefined> {
  const { document, selection } = editor;
  const params = {
    textDocument: { uri: document.uri.toString() },
    ...(selection.isEmpty ? {} : { range: client.code2ProtocolConverter.asRange(selection) }),
  };
  const { tasks } = await client.sendRequest<{ tasks: TaskInfo[] }>("doctorflan/tasks", params);
  const items = tasks.map((task) => ({ label: task.title, description: task.category, detail: task.description, task }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: selection.isEmpty ? t("Draft for this note") : t("Draft for the selection"),
    placeHolder: t("Choose a task; type to search"),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.task;
}

async function taskTitle(services: Services, id: string): Promise<string> {
  const client = await services.server.ready();
  try {
    const result = await client?.sendRequest<{ tasks: TaskInfo[] }>("doctorflan/tasks", {});
    return result?.tasks.find((task) => task.id === id)?.title ?? id;
  } catch {
    return id;
  }
}

/** A completion left the task's name in the note: it was the question, and is no part of the record. */
async function removeTyped(data: OrderData & { typed?: unknown }): Promise<void> {
  if (typeof data.typed !== "string" || data.at === undefined) {
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(data.uri));
  const { position } = await orderOf({ ...data, span: [0, 0] }, "");
  if (position === undefined) {
    return;
  }
  const start = new vscode.Position(position.line, position.character);
  const range = new vscode.Range(start, start.translate(0, data.typed.length));
  if (document.getText(range) === data.typed) {
    const edit = new vscode.WorkspaceEdit();
    edit.delete(document.uri, range);
    await vscode.workspace.applyEdit(edit);
  }
}

function sayWhyNot(editor: vscode.TextEditor | undefined): void {
  void vscode.window.showInformationMessage(
    editor === undefined
      ? t("Open a note first: DoctorFLAN drafts for the note in the active editor.")
      : t("DoctorFLAN's server is not running; click its name in the status bar to see why."),
  );
}
