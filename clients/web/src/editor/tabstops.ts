/** The tab stops of an inserted snippet: Tab and Shift-Tab go through them, Escape leaves them. */

import { isolateHistory } from "@codemirror/commands";
import { EditorSelection, Prec, StateEffect, StateField, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, keymap, type Command } from "@codemirror/view";
import { parseSnippet, stops } from "../text/snippet";

interface Active {
  places: readonly { from: number; to: number }[];
  index: number;
}

const setActive = StateEffect.define<Active | null>();

const active = StateField.define<Active | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setActive)) {
        return effect.value;
      }
    }
    if (!value || !transaction.docChanged) {
      return value;
    }
    const { changes } = transaction;
    const places = value.places.map(({ from, to }) => ({ from: changes.mapPos(from, -1), to: changes.mapPos(to, 1) }));
    return { ...value, places };
  },
  provide: (field) =>
    EditorView.decorations.from(field, (value) => {
      const shown = value?.places.filter(({ from, to }) => from < to) ?? [];
      return Decoration.set(
        shown.map(({ from, to }) => FIELD.range(from, to)),
        true,
      );
    }),
});

const FIELD = Decoration.mark({ class: "df-field" });

function step(by: 1 | -1): Command {
  return (view) => {
    const { state } = view;
    const value = state.field(active);
    const index = (value?.index ?? 0) + by;
    const place = value?.places[index];
    if (!value || !place) {
      return false;
    }
    const last = index === value.places.length - 1;
    view.dispatch({
      selection: EditorSelection.single(place.from, place.to),
      effects: setActive.of(last ? null : { ...value, index }),
      scrollIntoView: true,
    });
    return true;
  };
}

const leave: Command = (view) => {
  if (!view.state.field(active)) {
    return false;
  }
  view.dispatch({ effects: setActive.of(null) });
  return true;
};

export function inTabStops(state: EditorState): boolean {
  return (state.field(active, false) ?? null) !== null;
}

/** Put a snippet in the place of `from`..`to`, as one step of undo. */
export function insertSnippet(view: EditorView, from: number, to: number, source: string): void {
  const snippet = parseSnippet(source);
  // The editor holds line ends as "\n" alone, which the offsets count on.
  const places = stops(snippet).map((stop) => ({ from: from + stop.from, to: from + stop.to }));
  const first = places[0] ?? { from: from + snippet.text.length, to: from + snippet.text.length };
  view.dispatch({
    changes: { from, to, insert: snippet.text },
    selection: EditorSelection.single(first.from, first.to),
    effects: setActive.of(places.length > 1 ? { places, index: 0 } : null),
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

export const tabStops: Extension = [
  active,
  Prec.high(
    keymap.of([
      { key: "Tab", run: step(1), shift: step(-1) },
      { key: "Escape", run: leave },
    ]),
  ),
];
