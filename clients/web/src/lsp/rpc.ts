/** JSON-RPC 2.0 over one open channel: requests, their cancellation, notifications, progress. */

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = "RpcError";
  }
}

export const CANCELLED = -32800;
export const STALE = -32801;
/** Ours: the channel closed before the answer came. */
export const LOST = -1;
const UNKNOWN_METHOD = -32601;

export interface Handlers {
  /** A notification of the server's. */
  notified: (method: string, params: unknown) => void;
  /** A request of the server's; undefined where it is not known. */
  asked: (method: string, params: unknown) => Promise<unknown> | undefined;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Called with each partial result. */
  partial?: ((value: unknown) => void) | undefined;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: RpcError) => void;
}

interface Message {
  id?: number | string | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string };
}

export class Rpc {
  private readonly waiting = new Map<number, Waiting>();
  private readonly partials = new Map<string, (value: unknown) => void>();
  private next = 1;
  private closed = false;

  constructor(
    private readonly write: (text: string) => void,
    private readonly handlers: Handlers,
  ) {}

  /** The result; rejects with `RpcError`. An aborted `signal` cancels at the server too. */
  request(method: string, params: object, options: RequestOptions = {}): Promise<unknown> {
    const { signal, partial } = options;
    if (this.closed) {
      return Promise.reject(new RpcError(LOST, "not connected"));
    }
    if (signal?.aborted) {
      return Promise.reject(new RpcError(CANCELLED, "cancelled"));
    }
    const id = this.next++;
    const token = `partial-${id}`;
    if (partial) {
      this.partials.set(token, partial);
    }
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.notify("$/cancelRequest", { id });
        this.settle(id)?.reject(new RpcError(CANCELLED, "cancelled"));
      };
      const ended = (): void => {
        signal?.removeEventListener("abort", cancel);
        this.partials.delete(token);
      };
      this.waiting.set(id, {
        resolve: (value) => {
          ended();
          resolve(value);
        },
        reject: (error) => {
          ended();
          reject(error);
        },
      });
      signal?.addEventListener("abort", cancel);
      this.send({ id, method, params: partial ? { ...params, partialResultToken: token } : params });
    });
  }

  notify(method: string, params: object): void {
    if (!this.closed) {
      this.send({ method, params });
    }
  }

  /** One message from the server; what is no message is dropped. */
  receive(text: string): void {
    const message = parsed(text);
    if (message === undefined) {
      return;
    }
    if (message.method === undefined) {
      this.answered(message);
    } else if (message.id === undefined || message.id === null) {
      this.notified(message.method, message.params);
    } else {
      void this.answer(message.id, message.method, message.params);
    }
  }

  /** Nothing is sent any more, and every request that waits is rejected. */
  close(): void {
    this.closed = true;
    for (const id of [...this.waiting.keys()]) {
      this.settle(id)?.reject(new RpcError(LOST, "connection lost"));
    }
  }

  private answered({ id, result, error }: Message): void {
    const waiting = typeof id === "number" ? this.settle(id) : undefined;
    if (error) {
      waiting?.reject(new RpcError(error.code, error.message));
    } else {
      waiting?.resolve(result);
    }
  }

  private notified(method: string, params: unknown): void {
    if (method === "$/progress") {
      const { token, value } = params as { token: string; value: unknown };
      this.partials.get(token)?.(value);
    } else {
      this.handlers.notified(method, params);
    }
  }

  private async answer(id: number | string, method: string, params: unknown): Promise<void> {
    const answering = this.handlers.asked(method, params);
    if (answering === undefined) {
      this.send({ id, error: { code: UNKNOWN_METHOD, message: method } });
      return;
    }
    const result = await answering;
    if (!this.closed) {
      this.send({ id, result: result ?? null });
    }
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private send(message: Message): void {
    this.write(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }
}

function parsed(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
