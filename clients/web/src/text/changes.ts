/** The editor's changes as LSP's incremental ones. */

import type { ChangeSet, Text } from "@codemirror/state";
import type { Range } from "../lsp/types";
import { range } from "./positions";

export interface ContentChange {
  range: Range;
  text: string;
}

/**
 * What leads from `before` to its changed text. LSP applies the changes one after the other, the
 * editor's are all of the old text: from the last to the first both mean the same.
 */
export function contentChanges(before: Text, changes: ChangeSet): ContentChange[] {
  const found: ContentChange[] = [];
  changes.iterChanges((from, to, _fromNew, _toNew, inserted) => {
    found.push({ range: range(before, from, to), text: inserted.toString() });
  });
  return found.reverse();
}
