/** Completion: headings, tasks after "/", terms; the server filters and sorts. */

import {
  autocompletion,
  completionKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import type { Extension, Text } from "@codemirror/state";
import { keymap, type EditorView } from "@codemirror/view";
import type { CompletionItem, CompletionList, Order } from "../lsp/types";
import { offset, position } from "../text/positions";
import type { NoteSession } from "./session";
import { insertSnippet } from "./tabstops";

const SNIPPET = 2;
const DRAFT_COMMAND = "doctorflan.draft";
const CLASSES: Readonly<Record<number, string>> = { 14: "heading", 23: "task", 12: "term" };
const RETRIGGER = 2;
/** In a note of more characters the server reads longer: a real pause comes before the question. */
const LARGE = 20_000;
const LARGE_PAUSE_MS = 250;

/** Start the draft that a chosen task stands for, behind the line at `at`. */
export type Start = (order: Order, at: number) => void;

export function completion(session: NoteSession, start: Start): Extension {
  return [
    autocompletion({
      override: [(context) => complete(session, context, start)],
      icons: false,
      activateOnTyping: true,
      maxRenderedOptions: 60,
      tooltipClass: () => "df-completion",
      optionClass: ({ type }) => `df-option-${type ?? "term"}`,
    }),
    keymap.of(completionKeymap),
  ];
}

async function complete(
  session: NoteSession,
  context: CompletionContext,
  start: Start,
): Promise<CompletionResult | null> {
  const { view, pos, explicit, state } = context;
  if (!session.connected || view?.compositionStarted || (!explicit && !worthAsking(state.doc, pos))) {
    return null;
  }
  if (!explicit && state.doc.length > LARGE && !/^\s*\//.test(state.doc.lineAt(pos).text)) {
    await new Promise((resolve) => setTimeout(resolve, LARGE_PAUSE_MS));
    if (context.aborted) {
      return null;
    }
  }
  const aborter = new AbortController();
  context.addEventListener("abort", () => {
    aborter.abort();
  });
  const params = { position: position(state.doc, pos), context: { triggerKind: explicit ? 1 : RETRIGGER } };
  let list: CompletionList | CompletionItem[] | null;
  try {
    const answer = session.request("textDocument/completion", params, { signal: aborter.signal });
    list = (await answer) as CompletionList | CompletionItem[] | null;
  } catch {
    return null;
  }
  const items = Array.isArray(list) ? list : (list?.items ?? []);
  if (items.length === 0 || view?.compositionStarted) {
    return null;
  }
  const sorted = [...items].sort((a, b) => ((a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1));
  return {
    from: Math.min(...items.map((item) => offset(state.doc, item.textEdit.range.start))),
    options: sorted.map((item) => option(session, state.doc, item, start)),
    filter: false,
  };
}

/** Between words nothing begins that the server could complete. */
function worthAsking(doc: Text, pos: number): boolean {
  const before = doc.sliceString(Math.max(0, pos - 1), pos);
  return before !== "" && !/[\s。，；、,.;]/u.test(before);
}

function option(session: NoteSession, doc: Text, item: CompletionItem, start: Start): Completion {
  const type = CLASSES[item.kind ?? 12] ?? "term";
  const made: Completion = {
    label: item.label,
    type,
    apply: (view, _completion, from, to) => {
      choose(view, item, offset(doc, item.textEdit.range.start), Math.max(from, to), start);
    },
  };
  if (item.detail) {
    made.detail = item.detail;
  }
  if (item.data !== undefined) {
    made.info = () => documentation(session, item);
  }
  return made;
}

async function documentation(session: NoteSession, item: CompletionItem): Promise<Node | null> {
  try {
    const { documentation: found } = (await session.request("completionItem/resolve", item)) as CompletionItem;
    const text = typeof found === "string" ? found : found?.value;
    if (!text) {
      return null;
    }
    const shown = document.createElement("div");
    shown.className = "df-doc";
    shown.textContent = text;
    return shown;
  } catch {
    return null;
  }
}

function choose(view: EditorView, item: CompletionItem, from: number, to: number, start: Start): void {
  const { command, textEdit, insertTextFormat } = item;
  if (command?.command === DRAFT_COMMAND) {
    view.dispatch({ changes: { from, to }, userEvent: "input.complete" });
    start((command.arguments?.[0] ?? {}), from);
  } else if (insertTextFormat === SNIPPET) {
    insertSnippet(view, from, to, textEdit.newText);
  } else {
    insertSnippet(view, from, to, textEdit.newText.replace(/[\\$}]/g, "\\$&"));
  }
}
