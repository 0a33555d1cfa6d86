/** Hover with the mouse, and the same by key at the cursor. */

import { StateEffect, StateField, type Extension } from "@codemirror/state";
import type { EditorView} from "@codemirror/view";
import { hoverTooltip, keymap, showTooltip, type Tooltip } from "@codemirror/view";
import type { Hover } from "../lsp/types";
import { place, position } from "../text/positions";
import type { NoteSession } from "./session";

const setPinned = StateEffect.define<Tooltip | null>();

/** The tooltip that a key opened: gone with the next change or move. */
const pinned = StateField.define<Tooltip | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setPinned)) {
        return effect.value;
      }
    }
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) => showTooltip.from(field),
});

export function hover(session: NoteSession, announce: (text: string) => void): Extension {
  const ask = (view: EditorView): boolean => {
    const at = view.state.selection.main.head;
    void asked(session, view, at).then((found) => {
      if (found && view.state.selection.main.head === at) {
        view.dispatch({ effects: setPinned.of(found.tooltip) });
        announce(found.text);
      }
    });
    return true;
  };
  const close = (view: EditorView): boolean => {
    if (!view.state.field(pinned)) {
      return false;
    }
    view.dispatch({ effects: setPinned.of(null) });
    return true;
  };
  return [
    hoverTooltip(async (view, at) => (await asked(session, view, at))?.tooltip ?? null, {
      hideOnChange: true,
      hoverTime: 350,
    }),
    pinned,
    keymap.of([
      { key: "Mod-i", run: ask, preventDefault: true },
      { key: "Escape", run: close },
    ]),
  ];
}

async function asked(
  session: NoteSession,
  view: EditorView,
  at: number,
): Promise<{ tooltip: Tooltip; text: string } | undefined> {
  if (!session.connected || view.compositionStarted) {
    return undefined;
  }
  const { doc } = view.state;
  let found: Hover | null;
  try {
    found = (await session.request("textDocument/hover", { position: position(doc, at) })) as Hover | null;
  } catch {
    return undefined;
  }
  if (!found || view.state.doc !== doc) {
    return undefined;
  }
  const text = typeof found.contents === "string" ? found.contents : found.contents.value;
  const around = found.range ? place(doc, found.range) : { from: at, to: at };
  const create = (): { dom: HTMLElement } => {
    const dom = document.createElement("div");
    dom.className = "df-hover";
    dom.textContent = text;
    return { dom };
  };
  return { tooltip: { pos: around.from, end: around.to, above: true, create }, text };
}
