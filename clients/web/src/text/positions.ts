/** Between the editor's offsets (UTF-16), LSP positions (UTF-16) and the server's code points. */

import type { ChangeSpec, Text } from "@codemirror/state";
import type { Position, Range, TextEdit, WorkspaceEdit } from "../lsp/types";

export function position(doc: Text, offset: number): Position {
  const line = doc.lineAt(offset);
  return { line: line.number - 1, character: offset - line.from };
}

/** Clamped: behind the end of a line is that end, behind the last line is the end of the text. */
export function offset(doc: Text, { line, character }: Position): number {
  if (line >= doc.lines) {
    return doc.length;
  }
  const { from, to } = doc.line(line + 1);
  return Math.min(from + character, to);
}

export function range(doc: Text, from: number, to: number): Range {
  return { start: position(doc, from), end: position(doc, to) };
}

export interface Place {
  from: number;
  to: number;
}

export function place(doc: Text, { start, end }: Range): Place {
  return { from: offset(doc, start), to: offset(doc, end) };
}

export type Replacement = Place & { insert: string };

export function replacements(doc: Text, edits: readonly TextEdit[]): Replacement[] {
  return edits.map(({ range: at, newText }) => ({ ...place(doc, at), insert: newText }));
}

/** The edits of one document in a workspace edit. */
export function editsOf(edit: WorkspaceEdit, uri: string): TextEdit[] {
  const versioned = edit.documentChanges?.filter(({ textDocument }) => textDocument.uri === uri);
  return versioned ? versioned.flatMap(({ edits }) => edits) : (edit.changes?.[uri] ?? []);
}

/** For `EditorState.changes`: all offsets are of the document before the first. */
export function changeSpecs(items: readonly Replacement[]): ChangeSpec[] {
  return items.map(({ from, to, insert }) => ({ from, to, insert }));
}
