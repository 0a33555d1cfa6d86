/** Commands of this extension about findings, and about a draft that stands in a note. */

export const ACCEPT = "doctorflan.review.accept";
export const DISCARD = "doctorflan.review.discard";
export const REGENERATE = "doctorflan.review.regenerate";

export const DISMISS = "doctorflan.findings.dismiss";
export const RESTORE = "doctorflan.findings.restore";

/** Set while the cursor is in a calculator's line, for the `when` clauses of what makes a draft anew. */
export const AT_CALCULATED = "doctorflan.atCalculated";

/** A calculator's line stands as it was computed: no model can make it again. */
export function isCalculated(task: string): boolean {
  return task.startsWith("calculator/");
}

/** The server's commands, which its code lenses name, and what takes their place here. */
export const SERVER_TO_OWN: Readonly<Record<string, string>> = {
  "doctorflan.accept": ACCEPT,
  "doctorflan.discard": DISCARD,
  "doctorflan.regenerate": REGENERATE,
};
