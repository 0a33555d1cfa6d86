/** What the server finds in the note: underlines, marks in the margin, a list. */

import { forEachDiagnostic, lintGutter, linter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { StateEffect, StateField, type EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { Diagnostic as Finding } from "../lsp/types";
import type { Say } from "../strings";
import { place, type Place } from "../text/positions";
import { button, el } from "../ui/dom";

const SEVERITIES = { 1: "error", 2: "warning", 3: "info", 4: "hint" } as const;
const UNREVIEWED = "draft-unreviewed";
const LONGEST_WORDS = 30;

const setRelated = StateEffect.define<readonly Place[]>();

/** The places that the findings rest on, kept with the text. */
const related = StateField.define<readonly Place[]>({
  create: () => [],
  update(value, { effects, changes, docChanged }) {
    const set = effects.find((each) => each.is(setRelated));
    if (set || !docChanged) {
      return set?.value ?? value;
    }
    return value.map(({ from, to }) => ({ from: changes.mapPos(from, 1), to: changes.mapPos(to, -1) }));
  },
});

interface Shown extends Diagnostic {
  /** The message with what the finding rests on. */
  whole: string;
}

export interface FindingActions {
  say: Say;
  /** Mend the finding at the cursor, or put it aside. */
  act: (from: HTMLElement) => void;
}

/** Hover tells findings together with all else that is known of a place. */
export const findings: Extension = [
  related,
  linter(null, { tooltipFilter: () => [] }),
  lintGutter(),
  keymap.of(lintKeymap),
];

export function showFindings(view: EditorView, found: readonly Finding[], actions: FindingActions): void {
  const { doc } = view.state;
  const places: Place[] = [];
  const shown = found
    // A draft that awaits review has a bar of its own.
    .filter(({ code }) => code !== UNREVIEWED)
    .map((finding) => shownFinding(finding, doc, places, actions))
    .sort((a, b) => a.from - b.from);
  const spec = setDiagnostics(view.state, shown);
  view.dispatch(spec, { effects: setRelated.of(places) });
}

/** `places` is given the places that the finding rests on. */
function shownFinding(finding: Finding, doc: Text, places: Place[], actions: FindingActions): Shown {
  const { range, severity, message, code, relatedInformation = [] } = finding;
  const { from, to } = place(doc, range);
  const known = (severity ?? 3) as keyof typeof SEVERITIES;
  const rests = relatedInformation.map(({ location, message: said }) => {
    const at = place(doc, location.range);
    const words = shortened(doc.sliceString(at.from, Math.min(at.to, doc.lineAt(at.from).to)));
    const line = location.range.start.line + 1;
    return { index: places.push(at) - 1, label: actions.say("finding.related", { message: said, line, words }) };
  });
  return {
    from,
    to,
    severity: SEVERITIES[known],
    message,
    source: code ?? "",
    whole: [message, ...rests.map(({ label }) => label)].join(" · "),
    renderMessage: (view) => {
      const links = rests.map(({ index, label }) =>
        inList(label, "df-related", () => {
          goTo(view, view.state.field(related)[index]);
        }),
      );
      const act = view.state.readOnly ? [] : [actButton(view, { from, to, message }, actions)];
      return el("span", {}, message, ...act, ...links);
    },
  };
}

function actButton(view: EditorView, of: Pick<Diagnostic, "from" | "to" | "message">, { say, act }: FindingActions): HTMLElement {
  const made = inList(say("finding.act"), "df-act", () => {
    goTo(view, placeNow(view.state, of));
    act(made);
  });
  made.setAttribute("aria-haspopup", "menu");
  return made;
}

/** A button in the list of findings, which else takes the keys for itself. */
function inList(label: string, name: string, pressed: () => void): HTMLElement {
  const made = button(label, (event) => {
    event.stopPropagation();
    pressed();
  }, { class: name });
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.stopPropagation();
    }
  });
  return made;
}

function goTo(view: EditorView, at: Place | undefined): void {
  if (at) {
    view.dispatch({ selection: { anchor: at.from, head: Math.max(at.from, at.to) }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
    view.focus();
  }
}

/** Where the finding is now: the text may have changed since it was shown. */
function placeNow(state: EditorState, of: Pick<Diagnostic, "from" | "to" | "message">): Place | undefined {
  let found: Place | undefined;
  forEachDiagnostic(state, (each, from, to) => {
    if (each.from === of.from && each.to === of.to && each.message === of.message) {
      found = { from, to };
    }
  });
  return found;
}

function shortened(words: string): string {
  return words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
}

export function findingCount(state: EditorState): number {
  let count = 0;
  forEachDiagnostic(state, () => {
    count += 1;
  });
  return count;
}

/** The finding at the cursor, for those who read it elsewhere than under the mouse. */
export function findingAt(state: EditorState, at: number): string | undefined {
  let found: string | undefined;
  forEachDiagnostic(state, (each, from, to) => {
    if (from <= at && at <= to) {
      found ??= (each as Shown).whole;
    }
  });
  return found;
}
