/** What the server finds in the note: underlines, marks in the margin, a list. */

import { forEachDiagnostic, lintGutter, linter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import type { EditorState, Extension } from "@codemirror/state";
import { keymap, type EditorView } from "@codemirror/view";
import type { Diagnostic as Finding } from "../lsp/types";
import { place } from "../text/positions";

const SEVERITIES = { 1: "error", 2: "warning", 3: "info", 4: "hint" } as const;
const UNREVIEWED = "draft-unreviewed";

/** Hover tells findings together with all else that is known of a place. */
export const findings: Extension = [
  linter(null, { tooltipFilter: () => [] }),
  lintGutter(),
  keymap.of(lintKeymap),
];

export function showFindings(view: EditorView, found: readonly Finding[]): void {
  const { doc } = view.state;
  const shown = found
    // A draft that awaits review has a bar of its own.
    .filter(({ code }) => code !== UNREVIEWED)
    .map(({ range, severity, message, code }): Diagnostic => {
      const { from, to } = place(doc, range);
      const known = (severity ?? 3) as keyof typeof SEVERITIES;
      return { from, to, severity: SEVERITIES[known], message, source: code ?? "" };
    })
    .sort((a, b) => a.from - b.from);
  view.dispatch(setDiagnostics(view.state, shown));
}

export function findingCount(state: EditorState): number {
  let count = 0;
  forEachDiagnostic(state, () => {
    count += 1;
  });
  return count;
}

/** The finding at the cursor, for those who read it elsewhere than under the mouse. */
export function findingAt(state: EditorState, at: number): string | undefined {
  let found: string | undefined;
  forEachDiagnostic(state, ({ message }, from, to) => {
    if (from <= at && at <= to) {
      found ??= message;
    }
  });
  return found;
}
