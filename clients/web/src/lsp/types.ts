/** The parts of LSP 3.18 and of the server's own messages that this client reads and writes. */

export interface Position {
  line: number;
  /** In UTF-16 units. */
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** `[start, end)` in Unicode code points. */
export type Span = [number, number];

export interface TextEdit {
  range: Range;
  newText: string;
}

export interface WorkspaceEdit {
  changes?: Record<string, TextEdit[]>;
  documentChanges?: { textDocument: { uri: string; version: number | null }; edits: TextEdit[] }[];
}

export interface Command {
  title: string;
  command: string;
  arguments?: unknown[];
}

export interface Diagnostic {
  range: Range;
  severity?: number;
  code?: string;
  source?: string;
  message: string;
  /** What the finding rests on elsewhere in the note. */
  relatedInformation?: { location: { uri: string; range: Range }; message: string }[];
}

export interface MarkupContent {
  kind: string;
  value: string;
}

export interface CompletionItem {
  label: string;
  kind?: number;
  detail?: string;
  documentation?: string | MarkupContent;
  textEdit: TextEdit;
  insertTextFormat?: number;
  filterText?: string;
  sortText?: string;
  data?: unknown;
  command?: Command;
}

export interface CompletionList {
  isIncomplete: boolean;
  items: CompletionItem[];
}

/** What the server's actions and commands carry; offsets are in code points of the note. */
export interface Order {
  op?: string;
  task?: string;
  span?: Span | undefined;
  at?: number;
  block?: string;
  language?: string;
}

export interface CodeAction {
  title: string;
  kind?: string;
  edit?: WorkspaceEdit;
  command?: Command;
  data?: Order;
}

export interface Hover {
  contents: MarkupContent | string;
  range?: Range;
}

export interface InlayHint {
  position: Position;
  label: string;
  tooltip?: string | MarkupContent;
}

export interface InlineCompletionItem {
  insertText: string;
  range: Range;
}

export interface SemanticTokensLegend {
  tokenTypes: string[];
  tokenModifiers: string[];
}

export interface ServerCapabilities {
  semanticTokensProvider?: { legend: SemanticTokensLegend; range?: boolean };
  experimental?: { doctorflan?: { requests?: string[] } };
  inlineCompletionProvider?: object;
}

export interface Draft {
  id: string;
  task: string;
  model: string;
  version: string;
  language: string;
  text: string;
  gaps: { span: Span; element: string; label: string }[];
  findings: DraftFinding[];
}

export interface DraftFinding {
  span: Span;
  rule: string;
  severity: "error" | "warning" | "information";
  message: string;
  source: string;
}

/** The argument of the server's command that puts a finding aside. */
export interface Dismissal {
  uri: string;
  rule: string;
  reach: string;
  place?: string;
  reason: string;
}

export interface Reviewed {
  uri: string;
  block: string;
  outcome: string;
  reason?: string;
}

export interface DraftResult {
  draft: Draft;
  evidence: { span: Span; ranges: Range[] }[];
  edit: WorkspaceEdit;
  fallback: { model: string; message: string } | null;
  reviewed?: Reviewed;
}

export interface ReviewResult {
  edit: WorkspaceEdit;
  outcome: string;
  reviewed: Reviewed;
}

export interface StandingDraft {
  id: string;
  task: string;
  title: string;
  model: string;
  range: Range;
  modified: boolean | null;
}

export interface Reason {
  id: string;
  title: string;
}

export interface DraftsResult {
  documents: { uri: string; version: number; drafts: StandingDraft[] }[];
  reasons: Reason[];
  /** Of a server that lists them: what `doctorflan.dismiss` takes. */
  dismissReasons?: Reason[];
}

export interface ServerStatus {
  version: string;
  network: string | string[];
  models: { id: string; kind: string; version: string; host: string; state: string; failure: string }[];
}

export interface TaskInfo {
  id: string;
  title: string;
  description: string;
}
