/** A conversation as the preview shows it. */

import type * as vscode from "vscode";
import type { Finding } from "../client/requests";
import { locale, t } from "../l10n";
import type { Conversation, Turn } from "./conversation";
import type { FindingView, PreviewLabels, PreviewState, SourceView, TurnView } from "./view";

const LONGEST_LABEL = 60;

/** `document` is the note; undefined where it is closed. */
export function previewState(conversation: Conversation, document: vscode.TextDocument | undefined): PreviewState {
  const latest = conversation.turns.at(-1);
  return {
    title: conversation.order.title,
    note: noteName(conversation.order.uri),
    turns: conversation.turns.map((turn) => turnView(turn, document)),
    banner: banner(latest),
    announcement: announcement(latest),
    busy: conversation.busy,
    reviewable: conversation.standing !== undefined,
    labels: labels(),
  };
}

function noteName(uri: vscode.Uri): string {
  return uri.path.split("/").at(-1) ?? uri.path;
}

function turnView(turn: Turn, document: vscode.TextDocument | undefined): TurnView {
  const { result, rendered, insertion } = turn;
  return {
    question: turn.question,
    state: turn.state,
    pieces: rendered?.pieces ?? (turn.text === "" ? [] : [{ text: turn.text, gap: false, refs: [], finding: null }]),
    sources: (rendered?.sources ?? []).map((range, index) => sourceView(range, index + 1, document)),
    gaps: (result?.draft.gaps ?? []).map(({ label }) => gapName(label)),
    findings: (rendered?.findings ?? []).map(findingView),
    provenance: result === undefined ? "" : t("Made by {0}", `${result.draft.model} ${result.draft.version}`.trim()),
    notice: turn.failure === "" ? (result?.fallback?.message ?? "") : turn.failure,
    inserted: insertion?.isInserted ?? false,
    insertable: turn.state === "ready" && insertion?.isPossible === true,
  };
}

function findingView(finding: Finding): FindingView {
  const { severity, message, source } = finding;
  return { severity, kind: kindOf(finding), text: source === "" ? message : `${message} (${source})` };
}

/** Rules that hold a draft against its note begin so; one that contradicts is an error. */
function kindOf({ rule, severity }: Finding): string {
  if (!rule.startsWith("GR-")) {
    return t("Please check");
  }
  return severity === "error" ? t("Contradicts the note") : t("Not in the note");
}

/** What is missing, without the words that mark it as missing in the text. */
function gapName(label: string): string {
  return label.replace(/^[［[](?:待补充[:：]|to be added: )?|[］\]]$/g, "");
}

function sourceView(range: { start: { line: number; character: number }; end: { line: number; character: number } }, number: number, document: vscode.TextDocument | undefined): SourceView {
  const line = range.start.line + 1;
  if (document === undefined || range.start.line >= document.lineCount) {
    return { number, label: t("Line {0}", line) };
  }
  const text = document.lineAt(range.start.line).text;
  const end = range.end.line === range.start.line ? range.end.character : text.length;
  const words = text.slice(range.start.character, end).trim();
  const short = words.length > LONGEST_LABEL ? `${words.slice(0, LONGEST_LABEL)}…` : words;
  return { number, label: t("Line {0}: {1}", line, short) };
}

function banner(latest: Turn | undefined): string {
  const insertion = latest?.insertion;
  if (latest?.state !== "ready" || insertion === undefined || insertion.isInserted) {
    return "";
  }
  if (insertion.isDone) {
    return t("This draft has been dealt with in the note; choose Regenerate for another.");
  }
  if (!insertion.isPossible) {
    return t("The note changed where this draft was to go: choose Regenerate to draft from the note as it is now.");
  }
  return insertion.noteChanged
    ? t("The note changed after this draft was made: check that it still fits, or choose Regenerate.")
    : "";
}

function announcement(latest: Turn | undefined): string {
  switch (latest?.state) {
    case undefined:
      return "";
    case "streaming":
      return t("Drafting…");
    case "ready":
      return latest.insertion?.isInserted === true
        ? t("The draft stands in the note, to be reviewed.")
        : readySentence(latest);
    case "stopped":
    case "failed":
      return latest.failure;
  }
}

function readySentence({ result, rendered }: Turn): string {
  const ready = t("The draft is ready; things the note does not say: {0}.", result?.draft.gaps.length ?? 0);
  const wrong = rendered?.findings.filter(({ severity }) => severity === "error").length ?? 0;
  return wrong === 0 ? ready : `${ready} ${t("To be corrected or checked: {0}.", wrong)}`;
}

function labels(): PreviewLabels {
  return {
    language: locale(),
    stop: t("Stop"),
    insert: t("Insert into note"),
    inserted: t("In the note, to be reviewed"),
    copy: t("Copy"),
    regenerate: t("Regenerate"),
    accept: t("Accept"),
    discard: t("Discard…"),
    ask: t("Ask"),
    askLabel: t("A question about this draft"),
    askPlaceholder: t("Ask about this draft, for example: which antibiotic suits her kidneys?"),
    gaps: t("Not in the note"),
    gapMark: t("not in the note"),
    findings: t("Please check"),
    sources: t("Evidence in the note"),
    reference: t("Evidence {0}: {1}"),
    drafting: t("Drafting…"),
    review: t("A draft, to be reviewed by a doctor."),
    conversation: t("Draft and questions"),
    actions: t("What to do with the draft"),
    you: t("Question"),
  };
}
