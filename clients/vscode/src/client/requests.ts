/** The custom messages of the server, as its protocol page describes them. */

import type { Diagnostic, Range, WorkspaceEdit } from "vscode-languageclient/node";

/** `[start, end)` in Unicode code points. */
export type Span = readonly [number, number];

export interface DraftParams {
  textDocument: { uri: string };
  task: string;
  range?: Range;
  position?: { line: number; character: number };
  language?: string;
  model?: string;
  /** Id of a draft that stands in the note; the edit then replaces it. */
  block?: string;
  previousDraft?: string;
  question?: string;
  partialResultToken?: string;
}

export interface PartialDraft {
  offset: number;
  text: string;
}

export interface Finding {
  span: Span;
  rule: string;
  severity: "error" | "warning" | "information";
  message: string;
  source: string;
}

export interface Draft {
  id: string;
  task: string;
  model: string;
  version: string;
  language: "zh" | "en";
  text: string;
  gaps: readonly { span: Span; element: string; label: string }[];
  findings: readonly Finding[];
  provenance: { uri: string; note_version: number; span: Span };
}

export interface Evidence {
  /** Of the draft's text. */
  span: Span;
  /** Of the note. */
  ranges: readonly Range[];
}

export interface DraftResult {
  draft: Draft;
  evidence: readonly Evidence[];
  edit: WorkspaceEdit;
  fallback: { model: string; message: string } | null;
}

export interface TaskInfo {
  id: string;
  category: string;
  phase: string;
  title: string;
  description: string;
}

export interface StandingDraft {
  id: string;
  task: string;
  title: string;
  model: string;
  range: Range;
  /** Null where this connection did not make it. */
  modified: boolean | null;
}

export interface DraftsResult {
  documents: readonly { uri: string; version: number; drafts: readonly StandingDraft[] }[];
  reasons: readonly Reason[];
  /** Of a server that lists them: what `doctorflan.dismiss` takes. */
  dismissReasons?: readonly Reason[];
}

export interface Reason {
  id: string;
  title: string;
}

/** The argument of the server's command that puts a finding aside. */
export interface Dismissal {
  uri: string;
  rule: string;
  reach: "place" | "document" | "user";
  place?: string;
  reason: string;
}

export interface ReviewParams {
  textDocument: { uri: string };
  block: string;
  outcome: "accepted" | "discarded";
  reason?: string;
}

export interface ReviewResult {
  edit: WorkspaceEdit;
  outcome: "accepted" | "edited" | "discarded";
  /** The argument of the command that records the review. */
  reviewed: unknown;
}

export interface CheckResult {
  diagnostics: Diagnostic[];
  drafts: readonly StandingDraft[];
  docType: string | null;
}

export interface OutgoingResult {
  model: string;
  /** Empty where nothing leaves this machine. */
  host: string;
  masked: number;
  messages: readonly { role: string; text: string }[];
}

export interface ModelStatus {
  id: string;
  version: string;
  kind: string;
  host: string;
  state: string;
  failure: string;
}

export interface PluginStatus {
  name: string;
  version: string;
  state: "loaded" | "off" | "refused" | "tripped";
  reason: string;
}

export interface StatusResult {
  version: string;
  locale: "zh" | "en";
  documents: number;
  network: "off" | readonly string[];
  models: readonly ModelStatus[];
  broken: readonly { name: string; reason: string }[];
  plugins: readonly PluginStatus[];
  settings: {
    values: Record<string, { value: unknown; source: string } | undefined>;
    problems: readonly string[];
  };
}

/** The argument of the server's commands about a draft that stands in a note. */
export interface BlockArgument {
  uri: string;
  block: string;
  [other: string]: unknown;
}

/** `data` of a code action that needs a model. */
export interface OrderData {
  op: "draft" | "regenerate";
  uri: string;
  version?: number;
  task: string;
  span?: Span;
  at?: number;
  block?: string;
  model?: string;
  language?: string;
}

/** Requests that this client cannot do without. */
export const NEEDED_REQUESTS = ["draft", "status", "tasks", "review", "check", "drafts", "outgoing"] as const;
