/** One draft and the questions that follow it up: runs the requests, keeps what was said. */

import * as vscode from "vscode";
import { ProgressType, type LanguageClient, type Range } from "vscode-languageclient/node";
import type { DraftParams, DraftResult, PartialDraft } from "../client/requests";
import { t } from "../l10n";
import { failureSentence } from "./failure";
import { Insertion } from "./insertion";
import { render, type Rendered } from "./render";
import { StreamedText } from "./stream";
import type { TurnState } from "./view";

/** What is asked for: a task on a note. */
export interface Order {
  uri: vscode.Uri;
  task: string;
  title: string;
  range?: Range;
  position?: { line: number; character: number };
  language?: string;
  model?: string;
  /** The draft in the note whose place the new one takes. */
  block?: string;
}

export interface Turn {
  question: string | null;
  state: TurnState;
  text: string;
  /** Why there is no more of it. */
  failure: string;
  result?: DraftResult;
  rendered?: Rendered;
  insertion?: Insertion;
}

export class Conversation implements vscode.Disposable {
  readonly turns: Turn[] = [];
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private cancel: vscode.CancellationTokenSource | undefined;
  private readonly watching: vscode.Disposable;
  private tokens = 0;
  private inserting = false;

  constructor(
    readonly order: Order,
    private readonly ready: (token: vscode.CancellationToken) => Promise<LanguageClient | undefined>,
  ) {
    this.watching = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document.uri.toString() === order.uri.toString() && event.contentChanges.length > 0) {
        for (const turn of this.turns) {
          turn.insertion?.follow(event, this.inserting);
        }
        this.changed.fire();
      }
    });
  }

  get busy(): boolean {
    return this.turns.at(-1)?.state === "streaming";
  }

  /** The latest turn whose draft stands in the note, to be reviewed. */
  get standing(): Turn | undefined {
    return this.turns.findLast((turn) => turn.insertion?.isInserted === true);
  }

  /** Asks for the draft, or asks `question` about the latest one. */
  async ask(question: string | null): Promise<void> {
    const previous = this.turns.findLast((turn) => turn.result !== undefined);
    const turn: Turn = { question, state: "streaming", text: "", failure: "" };
    this.turns.push(turn);
    await this.run(turn, question === null ? undefined : previous);
  }

  /** Asks for the latest turn again. One that stands in the note is replaced by an insertion. */
  async again(): Promise<void> {
    const turn = this.turns.pop();
    if (turn === undefined || turn.state === "streaming") {
      return;
    }
    const standing = turn.insertion?.isInserted === true ? turn.result?.draft.id : undefined;
    const next: Turn = { question: turn.question, state: "streaming", text: "", failure: "" };
    const previous = this.turns.findLast((each) => each.result !== undefined);
    this.turns.push(next);
    await this.run(next, turn.question === null ? undefined : previous, standing ?? this.order.block);
  }

  /** Puts the turn's draft into the note; false where the editor refused. */
  async insert(turn: Turn): Promise<boolean> {
    this.inserting = true;
    try {
      return (await turn.insertion?.apply()) === true;
    } finally {
      this.inserting = false;
      this.changed.fire();
    }
  }

  stop(): void {
    this.cancel?.cancel();
  }

  dispose(): void {
    this.stop();
    this.watching.dispose();
    this.changed.dispose();
  }

  private async run(turn: Turn, previous: Turn | undefined, block = this.order.block): Promise<void> {
    const source = new vscode.CancellationTokenSource();
    this.cancel?.cancel();
    this.cancel = source;
    this.changed.fire();
    try {
      const client = await this.ready(source.token);
      if (client === undefined) {
        this.end(turn, source.token.isCancellationRequested ? "stopped" : "failed", t("DoctorFLAN's server is not running, so nothing was drafted; restart it, then choose Regenerate."));
        return;
      }
      await this.request(client, turn, this.params(turn, previous, block), source.token);
    } catch (error) {
      const stopped = source.token.isCancellationRequested;
      this.end(turn, stopped ? "stopped" : "failed", stopped ? t("Stopped. What had been written is kept below.") : failureSentence(error, turn.text !== ""));
    } finally {
      source.dispose();
    }
  }

  private async request(
    client: LanguageClient,
    turn: Turn,
    params: DraftParams,
    token: vscode.CancellationToken,
  ): Promise<void> {
    this.tokens += 1;
    const partial = `doctorflan-draft-${Date.now()}-${this.tokens}`;
    const streamed = new StreamedText();
    const listening = client.onProgress(new ProgressType<PartialDraft>(), partial, (part) => {
      streamed.add(part);
      turn.text = streamed.text;
      this.changed.fire();
    });
    try {
      const asked = { ...params, partialResultToken: partial };
      const result = await client.sendRequest<DraftResult>("doctorflan/draft", asked, token);
      turn.result = result;
      turn.text = result.draft.text;
      turn.rendered = render(result);
      turn.insertion = await Insertion.of(this.order.uri, result);
      this.end(turn, "ready", "");
    } finally {
      listening.dispose();
    }
  }

  private params(turn: Turn, previous: Turn | undefined, block: string | undefined): DraftParams {
    const { uri, task, range, position, language, model } = this.order;
    return {
      textDocument: { uri: uri.toString() },
      task,
      ...(range === undefined ? {} : { range }),
      ...(position === undefined ? {} : { position }),
      ...(language === undefined ? {} : { language }),
      ...(model === undefined ? {} : { model }),
      ...(block === undefined ? {} : { block }),
      ...(previous?.result === undefined || turn.question === null
        ? {}
        : { previousDraft: previous.result.draft.id, question: turn.question }),
    };
  }

  private end(turn: Turn, state: TurnState, failure: string): void {
    turn.state = state;
    turn.failure = failure;
    this.changed.fire();
  }
}
