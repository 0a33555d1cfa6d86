/** What the side preview shows, and what passes between it and the extension. */

export type TurnState = "streaming" | "ready" | "stopped" | "failed";

/** A run of a draft's text. `refs` are the numbers of the evidence that ends here. */
export interface Piece {
  text: string;
  gap: boolean;
  refs: readonly number[];
  /** Place in the list of findings of the gravest that is about these words; null where none is. */
  finding: number | null;
}

/** A passage of the note that statements rest on. */
export interface SourceView {
  number: number;
  /** Line and words, for eyes and for a screen reader. */
  label: string;
}

export interface FindingView {
  severity: "error" | "warning" | "information";
  /** Whether the note says otherwise or says nothing, in a word or two. */
  kind: string;
  text: string;
}

export interface TurnView {
  question: string | null;
  state: TurnState;
  pieces: readonly Piece[];
  sources: readonly SourceView[];
  gaps: readonly string[];
  findings: readonly FindingView[];
  /** Which model made it; empty while that is not known. */
  provenance: string;
  /** Why another model made it, or why there is no more of it. */
  notice: string;
  inserted: boolean;
  insertable: boolean;
}

export interface PreviewState {
  title: string;
  note: string;
  turns: readonly TurnView[];
  /** One sentence about the whole: the note changed since, for example. */
  banner: string;
  /** Read out by a screen reader when it changes. */
  announcement: string;
  busy: boolean;
  reviewable: boolean;
  labels: PreviewLabels;
}

export interface PreviewLabels {
  language: "zh" | "en";
  stop: string;
  insert: string;
  inserted: string;
  copy: string;
  regenerate: string;
  accept: string;
  discard: string;
  ask: string;
  askLabel: string;
  askPlaceholder: string;
  gaps: string;
  gapMark: string;
  findings: string;
  sources: string;
  reference: string;
  drafting: string;
  review: string;
  conversation: string;
  actions: string;
  you: string;
}

export type FromPreview =
  | { type: "ready" }
  | { type: "stop" | "regenerate" | "accept" | "discard" }
  | { type: "insert" | "copy"; turn: number }
  | { type: "goto"; turn: number; reference: number }
  | { type: "ask"; question: string };

export interface ToPreview {
  type: "state";
  state: PreviewState;
}
