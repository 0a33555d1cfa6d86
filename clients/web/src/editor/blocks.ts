/** Drafts that stand in the note unreviewed: set apart line by line, with what can be done above. */

import { RangeSetBuilder, StateEffect, StateField, EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import type { StandingDraft } from "../lsp/types";
import type { Say } from "../strings";
import { place } from "../text/positions";
import { button, el } from "../ui/dom";

export interface Block {
  id: string;
  task: string;
  title: string;
  model: string;
  from: number;
  to: number;
  modified: boolean;
}

export interface BlockActions {
  accept: (block: Block) => void;
  discard: (block: Block) => void;
  regenerate: (block: Block) => void;
}

/** A calculator's line stands as it was computed: no model can make it again. */
function isCalculated(task: string): boolean {
  return task.startsWith("calculator/");
}

const setBlocks = StateEffect.define<readonly Block[]>();

const blocks = StateField.define<readonly Block[]>({
  create: () => [],
  update(value, transaction) {
    const set = transaction.effects.find((each) => each.is(setBlocks));
    if (set) {
      return set.value;
    }
    if (!transaction.docChanged || value.length === 0) {
      return value;
    }
    const { changes } = transaction;
    return value
      .map((block) => ({ ...block, from: changes.mapPos(block.from, 1), to: changes.mapPos(block.to, -1) }))
      .filter(({ from, to }) => from < to);
  },
});

export function standing(state: EditorState): readonly Block[] {
  return state.field(blocks);
}

export function showBlocks(view: EditorView, drafts: readonly StandingDraft[]): void {
  const { doc } = view.state;
  const found = drafts.map(({ range, modified, ...draft }) => ({
    ...draft,
    ...place(doc, range),
    modified: modified === true,
  }));
  view.dispatch({ effects: setBlocks.of(found) });
}

class Bar extends WidgetType {
  constructor(
    private readonly block: Block,
    private readonly actions: BlockActions,
    private readonly say: Say,
    private readonly readOnly: boolean,
  ) {
    super();
  }

  override eq({ block, readOnly }: Bar): boolean {
    const { id, modified, title } = this.block;
    return block.id === id && block.modified === modified && block.title === title && readOnly === this.readOnly;
  }

  override toDOM(view: EditorView): HTMLElement {
    const { say, block, actions } = this;
    const on = (action: (block: Block) => void) => () => {
      // Its place, not the one it had when the bar was made.
      action(standing(view.state).find(({ id }) => id === block.id) ?? block);
    };
    const bar = el(
      "div",
      { class: "df-bar", role: "group", "aria-label": say("block.label", { title: block.title }) },
      el("span", { class: "df-badge" }, say("block.badge")),
      el("span", { class: "df-bar-title" }, block.title),
      el("span", { class: "df-quiet" }, block.model + (block.modified ? ` · ${say("block.modified")}` : "")),
    );
    if (!this.readOnly) {
      bar.append(
        el(
          "span",
          { class: "df-bar-actions" },
          button(say("accept"), on(actions.accept), { class: "df-primary" }),
          button(say("discard"), on(actions.discard)),
          ...(isCalculated(block.task) ? [] : [button(say("regenerate"), on(actions.regenerate))]),
        ),
      );
    }
    return bar;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const LINE = Decoration.line({ class: "df-draft-line" });
const EDGE = Decoration.line({ class: "df-draft-line df-draft-edge" });

export function draftBlocks(actions: BlockActions, say: () => Say): Extension {
  const shown = (state: EditorState): DecorationSet => {
    const builder = new RangeSetBuilder<Decoration>();
    for (const block of state.field(blocks)) {
      const first = state.doc.lineAt(block.from);
      // A range that ends at the start of a line ends, to the eye, on the line before.
      const last = state.doc.lineAt(Math.max(block.from, block.to - 1));
      const widget = new Bar(block, actions, say(), state.readOnly);
      builder.add(first.from, first.from, Decoration.widget({ widget, block: true, side: -1 }));
      for (let number = first.number; number <= last.number; number += 1) {
        const { from } = state.doc.line(number);
        builder.add(from, from, number === first.number || number === last.number ? EDGE : LINE);
      }
    }
    return builder.finish();
  };
  return [blocks, EditorView.decorations.compute([blocks, "doc", EditorState.readOnly], shown)];
}
