/** The way to the server: opens it, initializes it, and opens it again when it is lost. */

import { backoff } from "./backoff";
import { CAPABILITIES } from "./capabilities";
import { Rpc, type Handlers, type RequestOptions } from "./rpc";
import type { ServerCapabilities } from "./types";

/**
 * `refused`: the server runs and does not let this page in. `unreachable`: not once was there an
 * answer. `lost`: there was, and there will be another attempt.
 */
export type ConnectionState = "idle" | "connecting" | "connected" | "lost" | "unreachable" | "refused";

export interface ConnectionOptions {
  url: string;
  token: string;
  locale: string;
  handlers: Handlers;
  changed: (state: ConnectionState) => void;
  /** The server is initialized; documents are to be opened now. */
  opened: (capabilities: ServerCapabilities) => void;
}

const PROTOCOL = "doctorflan.lsp";
const TOKEN_PROTOCOL = "doctorflan.token.";
const INITIALIZE_MS = 30_000;

interface InitializeResult {
  capabilities: ServerCapabilities;
}

export class Connection {
  state: ConnectionState = "idle";
  private rpc: Rpc | undefined;
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private known = false;
  private ended = false;

  constructor(private readonly options: ConnectionOptions) {
    globalThis.addEventListener("online", this.hurry);
  }

  get connected(): boolean {
    return this.state === "connected";
  }

  /** Try now, whatever the wait. */
  readonly retry = (): void => {
    clearTimeout(this.timer);
    this.attempt = 0;
    if (!this.connected && !this.ended) {
      this.open();
    }
  };

  request(method: string, params: object, options?: RequestOptions): Promise<unknown> {
    return ((this.connected ? this.rpc : undefined) ?? CLOSED).request(method, params, options);
  }

  notify(method: string, params: object): void {
    if (this.connected) {
      this.rpc?.notify(method, params);
    }
  }

  /** Give the present socket up and open another: it no longer answers. */
  renew(): void {
    if (this.socket !== undefined) {
      this.drop();
      this.failed();
    }
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    globalThis.removeEventListener("online", this.hurry);
    this.drop();
    this.enter("idle");
  }

  private readonly hurry = (): void => {
    if (this.state === "lost" || this.state === "unreachable") {
      this.retry();
    }
  };

  private open(): void {
    this.drop();
    if (this.state !== "lost" && this.state !== "unreachable") {
      this.enter("connecting");
    }
    const protocols = this.options.token ? [PROTOCOL, TOKEN_PROTOCOL + this.options.token] : [PROTOCOL];
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.options.url, protocols);
    } catch {
      // No address, or a token with characters that no protocol name may have.
      this.enter("refused");
      return;
    }
    this.socket = socket;
    const rpc = new Rpc((text) => {
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(text);
      }
    }, this.options.handlers);
    this.rpc = rpc;
    socket.addEventListener("open", () => void this.initialize(rpc));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") {
        rpc.receive(data);
      }
    });
    socket.addEventListener("close", () => {
      if (this.socket === socket) {
        this.drop();
        this.failed();
      }
    });
  }

  private async initialize(rpc: Rpc): Promise<void> {
    const signal = AbortSignal.timeout(INITIALIZE_MS);
    try {
      const params = { processId: null, rootUri: null, locale: this.options.locale, capabilities: CAPABILITIES };
      const { capabilities } = (await rpc.request("initialize", params, { signal })) as InitializeResult;
      rpc.notify("initialized", {});
      this.attempt = 0;
      this.known = true;
      this.enter("connected");
      this.options.opened(capabilities);
    } catch {
      if (this.rpc === rpc) {
        this.renew();
      }
    }
  }

  private failed(): void {
    if (this.ended) {
      return;
    }
    if (this.connected) {
      this.enter("lost");
    }
    void this.isRefused().then((refused) => {
      if (this.ended || this.socket !== undefined) {
        return;
      }
      if (refused) {
        this.enter("refused");
        return;
      }
      this.enter(this.known ? "lost" : "unreachable");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.open();
      }, backoff(this.attempt, Math.random()));
      this.attempt += 1;
    });
  }

  /**
   * A browser does not say why a WebSocket was not opened. Where page and server have one origin a
   * plain request tells; elsewhere the page's policy may forbid one, and nothing is asked.
   */
  private async isRefused(): Promise<boolean> {
    if (new URL(this.options.url, location.href).host !== location.host) {
      return false;
    }
    try {
      const address = this.options.url.replace(/^ws/, "http");
      const headers = { Authorization: `Bearer ${this.options.token}` };
      const { status } = await fetch(address, { headers, cache: "no-store" });
      return status === 401 || status === 403;
    } catch {
      return false;
    }
  }

  private drop(): void {
    const { socket, rpc } = this;
    this.socket = undefined;
    this.rpc = undefined;
    socket?.close();
    rpc?.close();
  }

  private enter(state: ConnectionState): void {
    if (state !== this.state) {
      this.state = state;
      this.options.changed(state);
    }
  }
}

const CLOSED = new Rpc(() => undefined, { notified: () => undefined, asked: () => undefined });
CLOSED.close();
