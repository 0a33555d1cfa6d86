/**
 * The edit that puts a draft into its note. The doctor's click is the consent, so it is applied
 * without VS Code asking once more, in one undo step; its place moves with what is typed meanwhile.
 */

import * as vscode from "vscode";
import { TextDocumentEdit, type TextEdit, type WorkspaceEdit } from "vscode-languageclient/node";
import type { DraftResult } from "../client/requests";
import { moved, type Place } from "../text/tracked";

export class Insertion {
  /** True once the note is no longer the one that the draft was made of. */
  noteChanged = false;
  /** It stands in the note, between its marks. */
  isInserted = false;
  /** It stood in the note and was accepted, discarded or changed away there. */
  isDone = false;

  private constructor(
    private readonly uri: vscode.Uri,
    private readonly id: string,
    private readonly text: string,
    private place: Place | undefined,
  ) {}

  static async of(uri: vscode.Uri, result: DraftResult): Promise<Insertion> {
    const found = onlyEdit(result.edit);
    const document = await vscode.workspace.openTextDocument(uri);
    const fits = found !== undefined && (found.version === null || found.version === document.version);
    const place = fits ? placeOf(document, found.edit) : undefined;
    const insertion = new Insertion(uri, result.draft.id, found?.edit.newText ?? "", place);
    insertion.noteChanged = !fits;
    return insertion;
  }

  /** Whether it is not in the note, and it can still be said where it goes. */
  get isPossible(): boolean {
    return this.place !== undefined && !this.isInserted && !this.isDone;
  }

  /** `ours`: the change is another draft's insertion, which is no evidence and changes no case. */
  follow(event: vscode.TextDocumentChangeEvent, ours: boolean): void {
    for (const change of event.contentChanges) {
      const step = { offset: change.rangeOffset, length: change.rangeLength, inserted: change.text.length };
      this.place = this.place === undefined ? undefined : moved(this.place, step);
    }
    if (this.isInserted || this.isDone) {
      const stands = event.document.getText().includes(`｜#${this.id}〕`);
      // An undo of the insertion gives the place back; anything else was a decision.
      this.isDone = !stands && (this.isDone || event.reason !== vscode.TextDocumentChangeReason.Undo);
      this.isInserted = stands;
    } else if (!ours) {
      this.noteChanged = true;
    }
  }

  /** Puts the draft into the note; false where the editor refused. */
  async apply(): Promise<boolean> {
    const place = this.place;
    if (place === undefined) {
      return false;
    }
    const document = await vscode.workspace.openTextDocument(this.uri);
    const target = this.ownLine(document, place);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(this.uri, target, this.text);
    const applied = await vscode.workspace.applyEdit(edit);
    if (applied) {
      const start = document.offsetAt(target.start);
      // After an undo the draft can be inserted again at the same place.
      this.place = { start, end: start + (place.end - place.start) };
      this.isInserted = true;
    }
    return applied;
  }

  /** Where the draft stands, once it does. */
  range(document: vscode.TextDocument): vscode.Range | undefined {
    const text = document.getText();
    const opening = text.indexOf(`｜#${this.id}〕`);
    if (opening < 0) {
      return undefined;
    }
    const closing = text.indexOf(`｜#${this.id}〕`, opening + 1);
    const start = document.positionAt(opening).with({ character: 0 });
    return new vscode.Range(start, document.positionAt(closing < 0 ? opening : closing));
  }

  /** A marker is a whole line: what was typed at the very place pushes the draft before its line. */
  private ownLine(document: vscode.TextDocument, place: Place): vscode.Range {
    const start = document.positionAt(place.start);
    if (place.end === place.start && start.character > 0 && !/^[\r\n]/.test(this.text)) {
      const lineStart = start.with({ character: 0 });
      return new vscode.Range(lineStart, lineStart);
    }
    return new vscode.Range(start, document.positionAt(place.end));
  }
}

function onlyEdit(edit: WorkspaceEdit): { edit: TextEdit; version: number | null } | undefined {
  for (const change of edit.documentChanges ?? []) {
    if (TextDocumentEdit.is(change)) {
      const [first] = change.edits;
      if (change.edits.length === 1 && first !== undefined && "newText" in first) {
        return { edit: first, version: change.textDocument.version };
      }
    }
  }
  return undefined;
}

function placeOf(document: vscode.TextDocument, edit: TextEdit): Place {
  const { start, end } = edit.range;
  return {
    start: document.offsetAt(new vscode.Position(start.line, start.character)),
    end: document.offsetAt(new vscode.Position(end.line, end.character)),
  };
}
