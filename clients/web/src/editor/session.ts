/** One note between editor and server: what the server was told, and what changed since. */

import type { ChangeDesc, ChangeSet, Text } from "@codemirror/state";
import type { EditorView, ViewUpdate } from "@codemirror/view";
import type { Connection } from "../lsp/connection";
import type { RequestOptions } from "../lsp/rpc";
import { contentChanges } from "../text/changes";

/** A change is sent at the first pause: what is asked about the note sends it at once anyway. */
const PAUSE_MS = 150;
const LONGEST_MS = 1000;
/** How many versions back an answer may be about. */
const KEPT = 64;

/** Follows the note from one moment on, so that an answer about that moment can be placed later. */
export class Tracker {
  private changes: ChangeDesc | undefined;

  constructor(
    readonly doc: Text,
    private readonly ended: (tracker: Tracker) => void,
  ) {}

  get changed(): boolean {
    return this.changes !== undefined;
  }

  add(changes: ChangeDesc): void {
    this.changes = this.changes ? this.changes.composeDesc(changes) : changes;
  }

  /** Where `offset` of that moment is now. */
  map(offset: number, side: -1 | 1 = -1): number {
    return this.changes ? this.changes.mapPos(offset, side) : offset;
  }

  /** Whether what stood between the two was changed since; typing at either edge is no change. */
  touched(from: number, to: number): boolean {
    let hit = false;
    this.changes?.iterChangedRanges((start, end) => {
      hit ||= from < to ? start < to && end > from : start < from && end > from;
    });
    return hit;
  }

  release(): void {
    this.ended(this);
  }
}

export class NoteSession {
  private version = 0;
  /** What the server has; undefined while it has no such document. */
  private sent: Text | undefined;
  private pending: ChangeSet | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the oldest change that was not sent was made. */
  private since = 0;
  private readonly trackers = new Set<Tracker>();
  /** What led from each version that was sent to the next. */
  private sentVersions: { version: number; doc: Text; changes: ChangeDesc }[] = [];
  view: EditorView | undefined;

  constructor(
    public uri: string,
    private readonly connection: () => Connection | undefined,
  ) {}

  get connected(): boolean {
    return this.sent !== undefined && (this.connection()?.connected ?? false);
  }

  get textDocument(): { uri: string } {
    return { uri: this.uri };
  }

  get currentVersion(): number {
    return this.version;
  }

  /** Whether the server has every character. */
  get settled(): boolean {
    return this.connected && this.pending === undefined;
  }

  get doc(): Text {
    if (!this.view) {
      throw new Error("no view");
    }
    return this.view.state.doc;
  }

  open(): void {
    this.version += 1;
    this.pending = undefined;
    this.sentVersions = [];
    this.sent = this.doc;
    this.connection()?.notify("textDocument/didOpen", {
      textDocument: { uri: this.uri, languageId: "clinicalnote", version: this.version, text: this.doc.toString() },
    });
  }

  /** The connection is gone, and with it what the server knew. */
  forget(): void {
    this.unschedule();
    this.sent = undefined;
    this.pending = undefined;
  }

  close(): void {
    if (this.connected) {
      this.connection()?.notify("textDocument/didClose", { textDocument: this.textDocument });
    }
    this.forget();
  }

  /** To be called with each update of the view. */
  updated(update: ViewUpdate): void {
    if (!update.docChanged) {
      return;
    }
    for (const tracker of this.trackers) {
      tracker.add(update.changes.desc);
    }
    if (this.sent) {
      if (this.pending) {
        this.pending = this.pending.compose(update.changes);
      } else {
        this.pending = update.changes;
        this.since = performance.now();
      }
      this.schedule();
    }
  }

  /** Tell the server what changed. While characters are composed it waits for the finished ones. */
  flush(): void {
    this.unschedule();
    if (!this.sent || !this.pending) {
      return;
    }
    const changes = contentChanges(this.sent, this.pending);
    if (changes.length > 0) {
      this.sentVersions.push({ version: this.version, doc: this.sent, changes: this.pending.desc });
      this.sentVersions.splice(0, this.sentVersions.length - KEPT);
    }
    this.sent = this.doc;
    this.pending = undefined;
    if (changes.length > 0) {
      this.version += 1;
      this.connection()?.notify("textDocument/didChange", {
        textDocument: { uri: this.uri, version: this.version },
        contentChanges: changes,
      });
    }
  }

  /** Ask about the note as it is now; the answer's positions are those of `Tracker.doc`. */
  request(method: string, params: object, options?: RequestOptions): Promise<unknown> {
    this.flush();
    const connection = this.connection();
    return connection
      ? connection.request(method, { textDocument: this.textDocument, ...params }, options)
      : Promise.reject(new Error("not connected"));
  }

  execute(command: string, argument: object): Promise<unknown> {
    this.flush();
    return this.connection()?.request("workspace/executeCommand", { command, arguments: [argument] }) ?? Promise.resolve();
  }

  track(): Tracker {
    const tracker = new Tracker(this.doc, (done) => this.trackers.delete(done));
    this.trackers.add(tracker);
    return tracker;
  }

  /** As `track`, from the text of a version that the server was sent; of one long gone, from now. */
  trackFrom(version: number | null | undefined): Tracker {
    const start = this.sentVersions.findIndex((each) => each.version === version);
    const past = start < 0 ? [] : this.sentVersions.slice(start);
    const from = past[0]?.doc ?? (version === this.version ? this.sent : undefined);
    if (!from) {
      return this.track();
    }
    const tracker = new Tracker(from, (done) => this.trackers.delete(done));
    for (const { changes } of past) {
      tracker.add(changes);
    }
    if (this.pending) {
      tracker.add(this.pending.desc);
    }
    this.trackers.add(tracker);
    return tracker;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const left = Math.max(0, this.since + LONGEST_MS - performance.now());
    const composing = this.view?.compositionStarted ?? false;
    this.timer = setTimeout(() => {
      if (this.view?.compositionStarted) {
        this.schedule();
      } else {
        this.flush();
      }
    }, composing ? PAUSE_MS : Math.min(PAUSE_MS, left));
  }

  private unschedule(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
