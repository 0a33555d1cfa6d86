/** `<clinical-note>`: the component as a custom element. */

import { Component } from "./component";
import type { DraftResult, Range } from "./lsp/types";
import type { Settings } from "./settings";
import { languageOf, type Language } from "./language";
import styles from "./style.css";

const ATTRIBUTES = ["server", "token", "uri", "language", "readonly", "label"] as const;

export interface DraftOptions {
  /** What the task is about; the whole note without it. */
  range?: Range;
  question?: string;
}

export class ClinicalNoteElement extends HTMLElement {
  static readonly observedAttributes = [...ATTRIBUTES, "value"];
  private component: Component | undefined;
  private early = "";
  private scheduled = false;
  private readonly ownUri = `clinical-note:${crypto.randomUUID()}`;
  private secret: string | undefined;

  /** The server's WebSocket address, `ws:` or `wss:`; without it the editor works alone. */
  get server(): string {
    return this.getAttribute("server") ?? "";
  }

  set server(address: string) {
    this.setAttribute("server", address);
  }

  /** Set as a property it does not stand in the page. */
  get token(): string {
    return this.secret ?? this.getAttribute("token") ?? "";
  }

  set token(token: string) {
    this.secret = token;
    this.changed();
  }

  /** The note's address for the server, which reads nothing from there; one is made without it. */
  get uri(): string {
    return this.getAttribute("uri") ?? this.ownUri;
  }

  set uri(uri: string) {
    this.setAttribute("uri", uri);
  }

  get language(): Language {
    return languageOf(this.getAttribute("language"));
  }

  set language(language: Language) {
    this.setAttribute("language", language);
  }

  get readOnly(): boolean {
    return this.hasAttribute("readonly");
  }

  set readOnly(readOnly: boolean) {
    this.toggleAttribute("readonly", readOnly);
  }

  get label(): string {
    return this.getAttribute("label") ?? "";
  }

  set label(label: string) {
    this.setAttribute("label", label);
  }

  get value(): string {
    return this.component?.value ?? this.early;
  }

  set value(text: string) {
    if (this.component) {
      this.component.value = text;
    } else {
      this.early = text;
    }
  }

  getValue(): string {
    return this.value;
  }

  setValue(text: string): void {
    this.value = text;
  }

  override focus(): void {
    this.component?.focus();
  }

  /** Shows the draft in the panel, where the doctor inserts it; undefined where there is none. */
  requestDraft(task: string, options: DraftOptions = {}): Promise<DraftResult | undefined> {
    const { range, question } = options;
    return this.component?.requestDraft({ task, range, question }) ?? Promise.resolve(undefined);
  }

  connectedCallback(): void {
    if (!this.component) {
      this.component = this.make();
      this.component.value = this.early;
    }
    this.component.connect();
  }

  disconnectedCallback(): void {
    // An element that is only moved is back before the next task.
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.component?.disconnect();
      }
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (name === "value" && after !== null) {
      this.value = after;
    } else if (before !== after) {
      this.changed();
    }
  }

  /** Several attributes that change together mean one new connection. */
  private changed(): void {
    if (this.component && !this.scheduled) {
      this.scheduled = true;
      queueMicrotask(() => {
        this.scheduled = false;
        this.component?.change(this.settings());
      });
    }
  }

  private settings(): Settings {
    const { server, token, uri, language, readOnly, label } = this;
    return { server, token, uri, language, readOnly, label };
  }

  private make(): Component {
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    const host = document.createElement("div");
    host.className = "df-note";
    root.append(host);
    const send = (name: string, detail?: object): void => {
      this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    };
    return new Component(host, root, this.settings(), {
      changed: () => {
        send("note-change");
      },
      status: (detail) => {
        send("status", detail);
      },
      inserted: (detail) => {
        send("draft-inserted", detail);
      },
      reviewed: (detail) => {
        send("reviewed", detail);
      },
    });
  }
}

export function define(): void {
  if (!customElements.get("clinical-note")) {
    customElements.define("clinical-note", ClinicalNoteElement);
  }
}
