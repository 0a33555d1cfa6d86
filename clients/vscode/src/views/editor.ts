/** The note that a command is about. */

import * as vscode from "vscode";
import { noteLanguages } from "../client/languages";

export function isNote(document: vscode.TextDocument): boolean {
  return noteLanguages().includes(document.languageId);
}

/** The active editor where it shows a note, else one that is in sight. */
export function noteEditor(): vscode.TextEditor | undefined {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  if (activeTextEditor !== undefined && isNote(activeTextEditor.document)) {
    return activeTextEditor;
  }
  return visibleTextEditors.find(({ document }) => isNote(document));
}
