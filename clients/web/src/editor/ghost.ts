/** Ghost text: what the server would write on, shown behind the cursor; Tab takes it. */

import { completionStatus } from "@codemirror/autocomplete";
import { isolateHistory } from "@codemirror/commands";
import { Prec, StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, EditorView, keymap, ViewPlugin, WidgetType, type ViewUpdate } from "@codemirror/view";
import type { InlineCompletionItem } from "../lsp/types";
import { place, position } from "../text/positions";
import type { NoteSession } from "./session";
import { inTabStops } from "./tabstops";

const PAUSE_MS = 180;
const AUTOMATIC = 2;

interface Ghost {
  at: number;
  text: string;
}

const setGhost = StateEffect.define<Ghost | null>();

const ghostField = StateField.define<Ghost | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setGhost)) {
        return effect.value;
      }
    }
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) =>
    EditorView.decorations.from(field, (ghost) =>
      ghost
        ? Decoration.set(Decoration.widget({ widget: new GhostWidget(ghost.text), side: 1 }).range(ghost.at))
        : Decoration.none,
    ),
});

class GhostWidget extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: GhostWidget): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const dom = document.createElement("span");
    dom.className = "df-ghost";
    dom.textContent = this.text;
    // It is no part of the text; the status line says it.
    dom.setAttribute("aria-hidden", "true");
    return dom;
  }
}

class Offering {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private aborter = new AbortController();

  constructor(
    private readonly view: EditorView,
    private readonly session: NoteSession,
    private readonly enabled: () => boolean,
    private readonly offered: (text: string) => void,
  ) {}

  update(update: ViewUpdate): void {
    if (update.docChanged || update.selectionSet) {
      clearTimeout(this.timer);
      this.aborter.abort();
      const typed = update.transactions.some((each) => each.isUserEvent("input.type") || each.isUserEvent("delete"));
      if (typed) {
        this.later();
      }
    }
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.aborter.abort();
  }

  private later(): void {
    this.timer = setTimeout(() => void this.ask(), PAUSE_MS);
  }

  private async ask(): Promise<void> {
    const { view, session } = this;
    const { state } = view;
    if (isComposing(view)) {
      this.later();
      return;
    }
    const { main } = state.selection;
    if (!session.connected || !this.enabled() || state.readOnly || !main.empty || state.selection.ranges.length > 1) {
      return;
    }
    this.aborter = new AbortController();
    const params = { position: position(state.doc, main.head), context: { triggerKind: AUTOMATIC } };
    let found: { items: InlineCompletionItem[] } | null;
    try {
      const { signal } = this.aborter;
      found = (await session.request("textDocument/inlineCompletion", params, { signal })) as typeof found;
    } catch {
      return;
    }
    const now = view.state;
    const same = now.doc === state.doc && now.selection.main.head === main.head;
    const item = found?.items[0];
    if (!item || !same || isComposing(view) || completionStatus(now) === "active") {
      return;
    }
    const { from, to } = place(now.doc, item.range);
    const typed = now.doc.sliceString(from, main.head);
    if (to === main.head && item.insertText.startsWith(typed) && item.insertText.length > typed.length) {
      const text = item.insertText.slice(typed.length);
      view.dispatch({ effects: setGhost.of({ at: main.head, text }) });
      this.offered(text);
    }
  }
}

/** Asked anew after each wait. */
function isComposing(view: EditorView): boolean {
  return view.compositionStarted;
}

function accept(view: EditorView): boolean {
  const ghost = view.state.field(ghostField);
  if (!ghost || inTabStops(view.state)) {
    return false;
  }
  view.dispatch({
    changes: { from: ghost.at, insert: ghost.text },
    selection: { anchor: ghost.at + view.state.toText(ghost.text).length },
    effects: setGhost.of(null),
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  return true;
}

function dismiss(view: EditorView): boolean {
  if (!view.state.field(ghostField)) {
    return false;
  }
  view.dispatch({ effects: setGhost.of(null) });
  return true;
}

/** `enabled`: whether the server has ghost text; `offered` is told what is shown. */
export function ghostText(session: NoteSession, enabled: () => boolean, offered: (text: string) => void): Extension {
  return [
    ghostField,
    ViewPlugin.define((view) => new Offering(view, session, enabled, offered)),
    Prec.highest(
      keymap.of([
        { key: "Tab", run: accept },
        { key: "Escape", run: dismiss },
      ]),
    ),
  ];
}
