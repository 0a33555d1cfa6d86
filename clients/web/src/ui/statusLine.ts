/** The line under the note: connection, where text may go, what the cursor is on, messages. */

import type { ConnectionState } from "../lsp/connection";
import type { ServerStatus } from "../lsp/types";
import type { Say } from "../strings";
import { button, el } from "./dom";

const STATES = {
  connecting: "status.connecting",
  connected: "status.connected",
  lost: "status.lost",
  unreachable: "status.unreachable",
  refused: "status.refused",
  idle: "status.none",
} as const satisfies Record<ConnectionState, string>;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export class StatusLine {
  readonly dom = el("footer", { class: "df-status", part: "status" });
  private readonly sentence = el("span", { role: "status", class: "df-connection" });
  private readonly about = el("span", { class: "df-quiet" });
  private readonly here = el("span", { class: "df-here" });
  private readonly retry: HTMLButtonElement;
  /** Told to screen readers, shown to nobody. */
  private readonly live = el("span", { class: "df-live", role: "status" });
  private readonly notices = el("div", { class: "df-notices", role: "alert" });
  private state: ConnectionState = "idle";
  private told: ServerStatus | undefined;
  /** The server's host; empty where it is this machine. */
  private server = "";

  constructor(
    private say: Say,
    retry: () => void,
  ) {
    this.retry = button("", retry);
    this.dom.append(this.notices, el("div", { class: "df-row" }, this.sentence, this.retry, this.about, this.here), this.live);
    this.render();
  }

  translate(say: Say): void {
    this.say = say;
    this.render();
  }

  /** Which server the note's text goes to. */
  address(url: string): void {
    const host = URL.canParse(url) ? new URL(url).hostname : "";
    this.server = LOOPBACK.test(host) ? "" : host;
    this.render();
  }

  connection(state: ConnectionState): void {
    this.state = state;
    this.render();
  }

  /** What the server says of itself; undefined when it is away. */
  status(told: ServerStatus | undefined): void {
    this.told = told;
    this.render();
  }

  cursor(text: string): void {
    if (this.here.textContent !== text) {
      this.here.textContent = text;
    }
  }

  announce(text: string): void {
    this.live.textContent = text;
  }

  /** A sentence that stays until it is closed; the same one is not shown twice. */
  notice(text: string): void {
    const known = [...this.notices.children].some(({ firstChild }) => firstChild?.textContent === text);
    if (text === "" || known) {
      return;
    }
    const shown = el("p", {}, el("span", {}, text));
    const label = this.say("notice.close");
    shown.append(
      button("×", () => {
        shown.remove();
      }, { class: "df-close", "aria-label": label, title: label }),
    );
    this.notices.append(shown);
    while (this.notices.childElementCount > 3) {
      this.notices.firstElementChild?.remove();
    }
  }

  private render(): void {
    const { say, state } = this;
    const sentence = say(STATES[state]);
    if (this.sentence.textContent !== sentence) {
      this.sentence.textContent = sentence;
    }
    this.dom.dataset["state"] = state;
    this.retry.textContent = say("status.retry");
    this.retry.hidden = !["lost", "unreachable", "refused"].includes(state);
    this.about.textContent = state === "connected" && this.told ? this.describe(this.told) : "";
  }

  private describe({ network, models }: ServerStatus): string {
    const { say } = this;
    const parts = [this.destination(typeof network === "string" ? [] : network)];
    const makers = models.filter(({ kind }) => kind !== "skeleton").map(({ id }) => id);
    parts.push(makers.length === 0 ? say("status.outline") : say("status.models", { models: makers.join(", ") }));
    return parts.join(" · ");
  }

  /** Where the note's text goes: to the server, and from there to hosts that its settings allow. */
  private destination(hosts: readonly string[]): string {
    const { say, server } = this;
    const values = { server, hosts: hosts.join(", ") };
    if (server === "") {
      return hosts.length === 0 ? say("status.local") : say("status.hosts", values);
    }
    return hosts.length === 0 ? say("status.remote", values) : say("status.remote.hosts", values);
  }
}
