/** The draft beside the note: growing, then with its evidence, its gaps and what to do with it. */

import type { DraftResult, Range } from "../lsp/types";
import type { Say } from "../strings";
import { cut } from "../text/pieces";
import { button, el } from "./dom";
import { draftText, findingList } from "./draftText";

export interface PanelActions {
  stop: () => void;
  insert: () => void;
  ask: (question: string) => void;
  again: () => void;
  close: () => void;
  jump: (range: Range) => void;
}

export interface Heading {
  title: string;
  question?: string | undefined;
  replaces: boolean;
  /** False in a note that can only be read. */
  insertable: boolean;
  /** The texts of the drafts that were asked about, oldest first. */
  earlier: readonly string[];
}

export class Panel {
  readonly dom: HTMLElement;
  private say: Say;
  private readonly title = el("h2", { tabindex: "-1", id: "df-panel-title" });
  private readonly body = el("div", { class: "df-panel-body" });
  private readonly state = el("p", { class: "df-panel-state", role: "status" });
  private readonly foot = el("div", { class: "df-panel-foot" });
  private growing: Text | undefined;
  private heading: Heading = { title: "", replaces: false, insertable: false, earlier: [] };

  /** `mayFocus`: whether the focus can be taken without disturbing who writes. */
  constructor(
    say: Say,
    private readonly actions: PanelActions,
    private readonly mayFocus: () => boolean,
  ) {
    this.say = say;
    this.dom = el("section", { class: "df-panel", "aria-labelledby": "df-panel-title", part: "panel" });
    this.dom.hidden = true;
    this.dom.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.stopPropagation();
        this.actions.close();
      }
    });
  }

  get open(): boolean {
    return !this.dom.hidden;
  }

  translate(say: Say): void {
    this.say = say;
  }

  /** A draft is being made. */
  begin(heading: Heading): void {
    const { say } = this;
    const hadFocus = this.hasFocus;
    this.heading = heading;
    this.title.textContent = say("panel.title", { title: heading.title });
    const close = button("×", () => {
      this.actions.close();
    }, { class: "df-close", "aria-label": say("panel.close"), title: say("panel.close") });
    const head = el("header", { class: "df-panel-head" }, this.title, close);
    this.dom.replaceChildren(head, this.state, this.body, this.foot);
    const growing = document.createTextNode("");
    this.growing = growing;
    const text = el("div", { class: "df-draft-text", dir: "auto" });
    text.append(growing);
    this.body.replaceChildren(...this.asked(), text);
    this.state.textContent = say("panel.working");
    const stop = button(say("panel.stop"), this.actions.stop, { class: "df-primary" });
    this.foot.replaceChildren(el("div", { class: "df-row" }, stop));
    const was = this.dom.hidden;
    this.dom.hidden = false;
    if (was || hadFocus) {
      this.focus(this.title);
    }
  }

  grow(text: string): void {
    if (this.growing) {
      this.growing.data = text;
    }
  }

  /** The draft is there. */
  finish(result: DraftResult): void {
    const { say } = this;
    this.growing = undefined;
    const { hasFocus: hadFocus } = this;
    const pieces = cut(result);
    const text = draftText(pieces, say, (number) => this.link(number, pieces.sources));
    const lists = [...this.gaps(result), ...findingList(pieces.findings, text, say)];
    this.body.replaceChildren(...this.asked(), ...this.fallback(result), text, ...lists, this.model(result));
    const wrong = pieces.findings.filter(({ severity }) => severity === "error").length;
    const sentences = [say("panel.ready"), ...(wrong > 0 ? [say("panel.wrong", { count: wrong })] : []), say("panel.note")];
    this.state.textContent = sentences.join(" ");
    const insert = button(say(this.heading.replaces ? "panel.replace" : "panel.insert"), this.actions.insert, {
      class: "df-primary",
    });
    this.foot.replaceChildren(el("div", { class: "df-row" }, insert, button(say("panel.close"), this.actions.close)), this.question());
    insert.hidden = !this.heading.insertable;
    if (hadFocus) {
      this.focus(insert.hidden ? this.title : insert);
    }
  }

  /** It stopped or failed: one sentence, and the way to try again. */
  fail(sentence: string): void {
    const { hasFocus: hadFocus } = this;
    this.state.textContent = sentence;
    this.growing = undefined;
    const again = button(this.say("panel.again"), this.actions.again, { class: "df-primary" });
    this.foot.replaceChildren(el("div", { class: "df-row" }, again, button(this.say("panel.close"), this.actions.close)));
    if (hadFocus) {
      this.focus(again);
    }
  }

  close(): void {
    this.dom.hidden = true;
    this.dom.replaceChildren();
  }

  private get hasFocus(): boolean {
    return this.dom.contains((this.dom.getRootNode() as ShadowRoot).activeElement);
  }

  private focus(element: HTMLElement): void {
    if (this.mayFocus()) {
      element.focus();
    }
  }

  /** What led here: the drafts before, folded away, and the question about the last of them. */
  private asked(): HTMLElement[] {
    const { question, earlier } = this.heading;
    const before = earlier.map((text, index) =>
      el(
        "details",
        { class: "df-earlier" },
        el("summary", {}, this.say("panel.earlier", { number: index + 1 })),
        el("div", { class: "df-draft-text", dir: "auto" }, text),
      ),
    );
    return question ? [...before, el("p", { class: "df-asked", dir: "auto" }, this.say("panel.asked", { question }))] : before;
  }

  private fallback({ fallback }: DraftResult): HTMLElement[] {
    if (!fallback) {
      return [];
    }
    const values = { model: fallback.model, reason: fallback.message };
    return [el("p", { class: "df-warning" }, this.say("panel.fallback", values))];
  }

  private gaps({ draft }: DraftResult): HTMLElement[] {
    if (draft.gaps.length === 0) {
      return [];
    }
    const rows = draft.gaps.map(({ label }) => el("li", {}, label));
    return [el("section", {}, el("h3", {}, this.say("panel.gaps")), el("ul", {}, ...rows))];
  }

  private model({ draft }: DraftResult): HTMLElement {
    return el("p", { class: "df-quiet" }, this.say("panel.model", { model: `${draft.model} ${draft.version}`.trim() }));
  }

  private link(number: number, sources: readonly Range[]): HTMLElement {
    const label = this.say("panel.evidence", { number });
    return button(
      String(number),
      () => {
        const range = sources[number - 1];
        if (range) {
          this.actions.jump(range);
        }
      },
      { class: "df-source", "aria-label": label, title: label },
    );
  }

  private question(): HTMLElement {
    const { say } = this;
    const input = el("input", { type: "text", "aria-label": say("panel.question"), placeholder: say("panel.question.hint") });
    const form = el("form", { class: "df-row df-question" }, input, el("button", { type: "submit" }, say("panel.ask")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim() !== "") {
        this.actions.ask(input.value.trim());
      }
    });
    return form;
  }
}
