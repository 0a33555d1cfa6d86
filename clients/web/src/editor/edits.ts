/** The server's edits in the editor: each is one step of undo. */

import { isolateHistory } from "@codemirror/commands";
import type { Text, TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { WorkspaceEdit } from "../lsp/types";
import { changeSpecs, editsOf, replacements, type Replacement } from "../text/positions";
import type { NoteSession, Tracker } from "./session";

/**
 * What `edit` means in the note as it is now, though its positions are those of `tracker`'s moment;
 * undefined where the words it replaces were changed since.
 */
export function placed(edit: WorkspaceEdit, session: NoteSession, tracker: Tracker): Replacement[] | undefined {
  const found = replacements(tracker.doc, editsOf(edit, session.uri));
  if (found.some(({ from, to }) => from < to && tracker.touched(from, to))) {
    return undefined;
  }
  return found.map(({ from, to, insert }) =>
    from === to
      ? { from: tracker.map(from, 1), to: tracker.map(from, 1), insert }
      : { from: tracker.map(from, 1), to: tracker.map(to, -1), insert },
  );
}

/** As `placed`, for an edit of the very text `doc`. */
export function placedIn(edit: WorkspaceEdit, uri: string, doc: Text): Replacement[] {
  return replacements(doc, editsOf(edit, uri));
}

export function applyEdits(view: EditorView, items: readonly Replacement[], more: TransactionSpec = {}): void {
  view.dispatch({
    changes: changeSpecs(items),
    annotations: isolateHistory.of("full"),
    userEvent: "input.draft",
    scrollIntoView: false,
    ...more,
  });
}
