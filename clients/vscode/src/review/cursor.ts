/** Which of a note's drafts the cursor is in. */

import type { StandingDraft } from "../client/requests";

/** The draft whose lines `line` is one of, marker lines included. */
export function draftAt(drafts: readonly StandingDraft[], line: number): StandingDraft | undefined {
  return drafts.find(({ range }) => range.start.line <= line && line <= lastLine(range));
}

/** The last line of a range that may end at the start of the next one. */
function lastLine({ start, end }: StandingDraft["range"]): number {
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
}
