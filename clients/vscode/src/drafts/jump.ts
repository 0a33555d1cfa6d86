/** Showing a passage of a note: scrolled to, and lit for a moment. */

import * as vscode from "vscode";

const FLASH = 1_600;

let decoration: vscode.TextEditorDecorationType | undefined;
let ending: NodeJS.Timeout | undefined;

/** The column in which the note is open. */
export function noteColumn(uri: vscode.Uri): vscode.ViewColumn {
  const editor = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
  return editor?.viewColumn ?? vscode.ViewColumn.One;
}

/**
 * Reveals the first of `ranges` and lights them all. The focus stays where it is, so that whoever
 * reads with the keyboard does not lose the place; `select` puts the note's cursor there.
 */
export async function flash(uri: vscode.Uri, ranges: readonly vscode.Range[], select: boolean): Promise<void> {
  const [first] = ranges;
  if (first === undefined) {
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const options = { viewColumn: noteColumn(uri), preserveFocus: true, ...(select ? { selection: first } : {}) };
  const editor = await vscode.window.showTextDocument(document, options);
  editor.revealRange(first, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  clearTimeout(ending);
  decoration?.dispose();
  const lit = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("editor.findMatchHighlightBackground"),
    border: "1px solid",
    borderColor: new vscode.ThemeColor("editor.findMatchHighlightBorder"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.findMatchForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  decoration = lit;
  editor.setDecorations(lit, [...ranges]);
  ending = setTimeout(() => {
    lit.dispose();
  }, FLASH);
}
