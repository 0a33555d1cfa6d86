/** What the server reads in the note: kinds of words, and H/L marks behind values. */

import { RangeSetBuilder, StateEffect, StateField, type Extension, type Text } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import type { InlayHint, SemanticTokensLegend } from "../lsp/types";
import { decodeTokens, type Token } from "../text/tokens";
import { offset, range } from "../text/positions";
import { whenCalm } from "./composition";
import type { NoteSession } from "./session";

const AFTER_CHANGE_MS = 300;
const AFTER_SCROLL_MS = 80;
const MARGIN = 2000;

const setTokens = StateEffect.define<DecorationSet>();
const setHints = StateEffect.define<DecorationSet>();

function decorations(effect: typeof setTokens): StateField<DecorationSet> {
  return StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(value, transaction) {
      const set = transaction.effects.find((each) => each.is(effect));
      return set ? (set.value) : value.map(transaction.changes);
    },
    provide: (field) => EditorView.decorations.from(field),
  });
}

class HintWidget extends WidgetType {
  constructor(
    private readonly label: string,
    private readonly tooltip: string,
  ) {
    super();
  }

  override eq(other: HintWidget): boolean {
    return other.label === this.label && other.tooltip === this.tooltip;
  }

  override toDOM(): HTMLElement {
    const dom = document.createElement("span");
    dom.className = `df-hint ${this.label.includes("↓") ? "df-low" : "df-high"}`;
    dom.textContent = this.label.trim();
    dom.title = this.tooltip;
    dom.setAttribute("role", "img");
    dom.setAttribute("aria-label", this.tooltip.split("\n")[0] ?? this.label);
    return dom;
  }
}

class Reader {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private aborter = new AbortController();

  constructor(
    private readonly view: EditorView,
    private readonly session: NoteSession,
    private readonly legend: () => SemanticTokensLegend | undefined,
  ) {}

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this.later(AFTER_CHANGE_MS);
    } else if (update.viewportChanged) {
      this.later(AFTER_SCROLL_MS);
    }
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.aborter.abort();
  }

  later(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      whenCalm(this.view, "marks", () => void this.read());
    }, milliseconds);
  }

  private async read(): Promise<void> {
    this.aborter.abort();
    this.aborter = new AbortController();
    const legend = this.legend();
    if (!this.session.connected || !legend) {
      return;
    }
    const { doc } = this.view.state;
    const { from, to } = this.view.viewport;
    const params = { range: range(doc, Math.max(0, from - MARGIN), Math.min(doc.length, to + MARGIN)) };
    const options = { signal: this.aborter.signal };
    try {
      const [tokens, hints] = await Promise.all([
        this.session.request("textDocument/semanticTokens/range", params, options),
        this.session.request("textDocument/inlayHint", params, options),
      ]);
      whenCalm(this.view, "marks.show", () => {
        if (this.view.state.doc === doc) {
          const { data } = (tokens as { data: number[] } | null) ?? { data: [] };
          const found = decodeTokens(data, legend);
          const shown = (hints as InlayHint[] | null) ?? [];
          this.view.dispatch({ effects: [setTokens.of(tokenMarks(doc, found)), setHints.of(hintMarks(doc, shown))] });
        }
      });
    } catch {
      // The note changed, or the server is away: what is shown stays until the next reading.
    }
  }
}

function tokenMarks(doc: Text, tokens: readonly Token[]): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { line, character, length, type, modifiers } of tokens) {
    const from = offset(doc, { line, character });
    const to = offset(doc, { line, character: character + length });
    if (from < to) {
      const names = [`df-t-${type}`, ...modifiers.map((modifier) => `df-m-${modifier}`)];
      builder.add(from, to, Decoration.mark({ class: names.join(" ") }));
    }
  }
  return builder.finish();
}

function hintMarks(doc: Text, hints: readonly InlayHint[]): DecorationSet {
  const marks = hints.map(({ position, label, tooltip }) => {
    const text = typeof tooltip === "string" ? tooltip : (tooltip?.value ?? label);
    return Decoration.widget({ widget: new HintWidget(label, text), side: 1 }).range(offset(doc, position));
  });
  return Decoration.set(marks, true);
}

export interface Marks {
  extension: Extension;
  /** The server has something new to say, or has come back. */
  refresh: (view: EditorView) => void;
}

export function marks(session: NoteSession, legend: () => SemanticTokensLegend | undefined): Marks {
  const reader = ViewPlugin.define((view) => new Reader(view, session, legend));
  return {
    extension: [decorations(setTokens), decorations(setHints), reader],
    refresh: (view) => view.plugin(reader)?.later(0),
  };
}
