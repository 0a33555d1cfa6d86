/** A menu of actions: arrows and first letters move, Enter chooses, Escape leaves. */

import { el } from "./dom";

export interface MenuItem {
  title: string;
  hint?: string;
  run: () => void;
}

export interface MenuOptions {
  label: string;
  /** Shown above the items; a question, for example. */
  heading?: string;
  /** Where the focus goes when the menu is left without a choice. */
  left: () => void;
}

export class Menu {
  private shown: HTMLElement | undefined;

  constructor(private readonly host: HTMLElement) {}

  get open(): boolean {
    return this.shown !== undefined;
  }

  /** Show `items` at `at`, in pixels from the host's upper left corner. */
  show(items: readonly MenuItem[], at: { left: number; top: number }, options: MenuOptions): void {
    this.close();
    const list = el("div", { class: "df-menu", role: "menu", "aria-label": options.label, tabindex: "-1" });
    const entries = items.map((item) => this.entry(item));
    if (options.heading) {
      list.append(el("div", { class: "df-menu-heading", role: "presentation" }, options.heading));
    }
    list.append(...entries);
    list.addEventListener("keydown", (event) => {
      this.key(event, entries, options);
    });
    list.addEventListener("focusout", (event) => {
      if (!list.contains(event.relatedTarget as Node | null)) {
        this.close();
      }
    });
    this.shown = list;
    this.host.append(list);
    const { clientWidth, clientHeight } = this.host;
    list.style.left = `${Math.max(0, Math.min(at.left, clientWidth - list.offsetWidth - 8))}px`;
    const below = at.top + list.offsetHeight <= clientHeight;
    list.style.top = `${below ? at.top : Math.max(0, clientHeight - list.offsetHeight - 8)}px`;
    (entries[0] ?? list).focus();
  }

  close(): void {
    const { shown } = this;
    this.shown = undefined;
    shown?.remove();
  }

  private entry(item: MenuItem): HTMLElement {
    const entry = el("button", { type: "button", role: "menuitem", tabindex: "-1" }, el("span", {}, item.title));
    if (item.hint) {
      entry.append(el("span", { class: "df-quiet" }, item.hint));
    }
    entry.addEventListener("click", () => {
      this.close();
      item.run();
    });
    return entry;
  }

  private key(event: KeyboardEvent, entries: readonly HTMLElement[], options: MenuOptions): void {
    const active = (this.shown?.getRootNode() as Document | ShadowRoot | undefined)?.activeElement;
    const index = entries.findIndex((entry) => entry === active);
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: -1,
    };
    const next = moves[event.key];
    if (next !== undefined) {
      entries.at(next % Math.max(1, entries.length))?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      this.close();
      options.left();
    } else if (event.key.length === 1 && event.key !== " ") {
      const rest = [...entries.slice(index + 1), ...entries.slice(0, index + 1)];
      rest.find((entry) => entry.textContent.toLowerCase().includes(event.key.toLowerCase()))?.focus();
      return;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
