/** Which documents are read as notes. */

import * as vscode from "vscode";

/** Language ids: `clinicalnote`, and what the setting adds. */
export function noteLanguages(): string[] {
  const more = vscode.workspace.getConfiguration("doctorflan").get<string[]>("languages", []);
  return [...new Set(["clinicalnote", ...more])];
}

/** Every scheme with every language. A scheme is always named, since VS Code opens copies of its own. */
export function documentSelector(): { scheme: string; language: string }[] {
  const more = vscode.workspace.getConfiguration("doctorflan").get<string[]>("schemes", []);
  const schemes = new Set(["file", "untitled", ...more]);
  return noteLanguages().flatMap((language) => [...schemes].map((scheme) => ({ scheme, language })));
}
