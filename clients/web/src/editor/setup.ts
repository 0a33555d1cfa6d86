/** The editor itself, apart from what the server adds. */

import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap } from "@codemirror/view";
import { phrases, type PhraseTable } from "./phrases";

export interface Adjustable {
  readOnly: boolean;
  label: string;
  phrases: PhraseTable;
}

export class Setup {
  private readonly compartment = new Compartment();

  extension(values: Adjustable): Extension {
    return [
      history(),
      keymap.of([...historyKeymap, ...searchKeymap, ...standardKeymap]),
      search({ top: true }),
      highlightActiveLine(),
      EditorView.lineWrapping,
      this.compartment.of(adjusted(values)),
    ];
  }

  adjust(view: EditorView, values: Adjustable): void {
    view.dispatch({ effects: this.compartment.reconfigure(adjusted(values)) });
  }
}

function adjusted({ readOnly, label, phrases: table }: Adjustable): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.editable.of(!readOnly),
    // A read-only note can be focused, so that the keyboard reaches what stands in it.
    EditorView.contentAttributes.of({
      "aria-label": label,
      "aria-multiline": "true",
      "aria-readonly": String(readOnly),
      spellcheck: "false",
      tabindex: "0",
    }),
    phrases(table),
  ];
}
