/** The component's connection: what the server tells by itself, and how it is doing. */

import { Connection, type ConnectionState } from "./lsp/connection";
import type { Diagnostic, ServerCapabilities, ServerStatus, WorkspaceEdit } from "./lsp/types";

const POLL_MS = 15_000;
const DEAF_MS = 20_000;

export interface LinkEvents {
  state: (state: ConnectionState) => void;
  /** Initialized: documents are to be opened. */
  opened: () => void;
  findings: (found: Diagnostic[], uri: string, version: number | undefined) => void;
  refresh: () => void;
  message: (text: string) => void;
  /** Whether the edit was applied. */
  edit: (edit: WorkspaceEdit) => Promise<boolean>;
  status: (status: ServerStatus | undefined) => void;
}

export class Link {
  connection: Connection | undefined;
  capabilities: ServerCapabilities = {};
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly events: LinkEvents) {}

  /** Leave the present server, if any, and turn to this one; without `url` to none. */
  connect(url: string, token: string, locale: string): void {
    this.close();
    if (url === "") {
      this.events.state("idle");
      return;
    }
    const connection = new Connection({
      url,
      token,
      locale,
      handlers: {
        notified: (method, params) => {
          this.notified(method, params);
        },
        asked: (method, params) => this.asked(method, params),
      },
      changed: (state) => {
        if (this.connection === connection) {
          this.changed(state);
        }
      },
      opened: (capabilities) => {
        this.capabilities = capabilities;
        this.events.opened();
        void this.poll();
      },
    });
    this.connection = connection;
    connection.retry();
  }

  close(): void {
    clearInterval(this.timer);
    const { connection } = this;
    this.connection = undefined;
    connection?.close();
  }

  /** Ask how the server does; one that does not answer is given up for a new connection. */
  async poll(): Promise<void> {
    const { connection } = this;
    if (!connection?.connected) {
      return;
    }
    try {
      const signal = AbortSignal.timeout(DEAF_MS);
      const status = await connection.request("doctorflan/status", {}, { signal });
      this.events.status(status as ServerStatus);
    } catch {
      if (this.connection === connection) {
        connection.renew();
      }
    }
  }

  private changed(state: ConnectionState): void {
    clearInterval(this.timer);
    if (state === "connected") {
      this.timer = setInterval(() => void this.poll(), POLL_MS);
    } else {
      this.events.status(undefined);
    }
    this.events.state(state);
  }

  private notified(method: string, params: unknown): void {
    if (method === "textDocument/publishDiagnostics") {
      const { diagnostics, uri, version } = params as { diagnostics: Diagnostic[]; uri: string; version?: number };
      this.events.findings(diagnostics, uri, version);
    } else if (method === "window/showMessage") {
      this.events.message((params as { message: string }).message);
    }
  }

  private asked(method: string, params: unknown): Promise<unknown> | undefined {
    switch (method) {
      case "workspace/applyEdit":
        return this.events.edit((params as { edit: WorkspaceEdit }).edit).then((applied) => ({ applied }));
      case "workspace/semanticTokens/refresh":
      case "workspace/inlayHint/refresh":
        this.events.refresh();
        return Promise.resolve(null);
      case "client/registerCapability":
      case "client/unregisterCapability":
      case "window/workDoneProgress/create":
        return Promise.resolve(null);
      default:
        return undefined;
    }
  }
}
