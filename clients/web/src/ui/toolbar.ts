/** The buttons above the note. */

import type { Say, StringKey } from "../strings";
import { button, el } from "./dom";

export interface ToolbarActions {
  draft: (from: HTMLElement) => void;
  findings: () => void;
  pending: () => void;
  undo: () => void;
  redo: () => void;
}

const MAC = /mac|iphone|ipad/i.test(navigator.userAgent);

export class Toolbar {
  readonly dom = el("div", { class: "df-toolbar", role: "toolbar", part: "toolbar" });
  private readonly buttons: Record<keyof ToolbarActions, HTMLButtonElement>;
  private counts = { findings: 0, pending: 0 };

  constructor(
    private say: Say,
    actions: ToolbarActions,
  ) {
    const draft: HTMLButtonElement = button("", () => {
      actions.draft(draft);
    }, { class: "df-primary", "aria-haspopup": "menu" });
    this.buttons = {
      draft,
      pending: button("", actions.pending),
      findings: button("", actions.findings),
      undo: button("", actions.undo),
      redo: button("", actions.redo),
    };
    this.dom.append(draft, this.buttons.pending, this.buttons.findings, el("span", { class: "df-space" }), this.buttons.undo, this.buttons.redo);
    this.dom.addEventListener("keydown", (event) => {
      this.key(event);
    });
    this.translate(say);
  }

  translate(say: Say): void {
    this.say = say;
    this.dom.setAttribute("aria-label", say("toolbar"));
    this.label("draft", "draft.menu", { key: MAC ? "⌘." : "Ctrl+." });
    this.label("undo", "undo");
    this.label("redo", "redo");
    this.count(this.counts);
  }

  count(counts: { findings: number; pending: number }): void {
    this.counts = counts;
    this.label("findings", "findings", { count: counts.findings, key: MAC ? "⇧⌘M" : "Ctrl+Shift+M" });
    this.label("pending", "pending", { count: counts.pending });
    this.buttons.findings.disabled = counts.findings === 0;
    this.buttons.pending.disabled = counts.pending === 0;
  }

  writable(writable: boolean): void {
    for (const name of ["draft", "undo", "redo"] as const) {
      this.buttons[name].disabled = !writable;
    }
  }

  private label(name: keyof ToolbarActions, key: StringKey, values: Record<string, string | number> = {}): void {
    this.buttons[name].textContent = this.say(key, values);
    const title = `${key}.title`;
    if (title === "draft.menu.title" || title === "findings.title" || title === "pending.title") {
      this.buttons[name].title = this.say(title, values);
    }
  }

  /** Arrows go from button to button; Tab too. */
  private key(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) {
      return;
    }
    const all = [...this.dom.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
    const index = all.findIndex((each) => each === event.target);
    all.at((index + by) % all.length)?.focus();
    event.preventDefault();
  }
}
