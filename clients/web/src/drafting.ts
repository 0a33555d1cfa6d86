/** From a task to a draft in the note: ask, show it grow, insert, ask on. */

import { EditorView } from "@codemirror/view";
import { applyEdits, placed } from "./editor/edits";
import { whenCalm } from "./editor/composition";
import type { NoteSession, Tracker } from "./editor/session";
import type { DraftResult, Position, Range } from "./lsp/types";
import { failure } from "./reviewing";
import type { Say } from "./strings";
import { place } from "./text/positions";
import { Growing } from "./text/growing";
import { Panel } from "./ui/panel";

export interface DraftRequest {
  task: string;
  title: string;
  range?: Range | undefined;
  position?: Position | undefined;
  language?: string | undefined;
  /** The id of a draft in the note that the new one replaces. */
  block?: string | undefined;
  question?: string | undefined;
}

/** What a question follows up. */
interface Turn {
  previousDraft: string;
  question: string;
}

export interface Surroundings {
  session: NoteSession;
  say: () => Say;
  /** The note holds a new draft. */
  inserted: (result: DraftResult) => void;
}

interface Shown {
  request: DraftRequest;
  tracker: Tracker;
  turn: Turn | undefined;
  earlier: readonly string[];
  result?: DraftResult;
}

export class Drafting {
  readonly panel: Panel;
  private aborter: AbortController | undefined;
  private shown: Shown | undefined;

  constructor(private readonly around: Surroundings) {
    this.panel = new Panel(around.say(), {
      stop: () => {
        this.aborter?.abort();
      },
      insert: () => {
        this.insert();
      },
      ask: (question) => {
        void this.followUp(question);
      },
      again: () => {
        if (this.shown) {
          const { request, turn, earlier } = this.shown;
          void this.run(request, turn, earlier);
        }
      },
      close: () => {
        this.close();
      },
      jump: (range) => {
        this.jump(range);
      },
    }, () => !(around.session.view?.compositionStarted ?? false));
  }

  /** The draft once it is there; undefined where it was stopped or failed, which the panel says. */
  start(request: DraftRequest): Promise<DraftResult | undefined> {
    return this.run(request);
  }

  close(): void {
    this.dismiss();
    this.around.session.view?.focus();
  }

  /** Stop what is being made and put the panel away. */
  dismiss(): void {
    this.aborter?.abort();
    this.forget();
    this.panel.close();
  }

  private followUp(question: string): Promise<DraftResult | undefined> {
    const { shown } = this;
    if (!shown?.result) {
      return Promise.resolve(undefined);
    }
    const { id, text } = shown.result.draft;
    return this.run({ ...shown.request, question }, { previousDraft: id, question }, [...shown.earlier, text]);
  }

  private async run(
    request: DraftRequest,
    turn?: Turn,
    earlier: readonly string[] = [],
  ): Promise<DraftResult | undefined> {
    const { session, say } = this.around;
    this.aborter?.abort();
    this.forget();
    const aborter = new AbortController();
    this.aborter = aborter;
    const { title, question, block, task, range, position, language } = request;
    this.panel.translate(say());
    const insertable = !(session.view?.state.readOnly ?? true);
    this.panel.begin({ title, question, replaces: block !== undefined, insertable, earlier });
    const shown: Shown = { request, tracker: session.track(), turn, earlier };
    this.shown = shown;
    if (!session.connected) {
      this.panel.fail(say()("draft.offline"));
      return undefined;
    }
    const growing = new Growing();
    const partial = (value: unknown): void => {
      this.panel.grow(growing.add(value as { offset: number; text: string }));
    };
    try {
      const params = { task, range, position, language, block, ...turn };
      const answer = session.request("doctorflan/draft", params, { signal: aborter.signal, partial });
      const result = (await answer) as DraftResult;
      if (this.shown !== shown) {
        return undefined;
      }
      // The answer is about the note as it was at the draft's end.
      shown.tracker.release();
      shown.tracker = session.trackFrom(result.edit.documentChanges?.[0]?.textDocument.version);
      shown.result = result;
      this.panel.finish(result);
      return result;
    } catch (error) {
      if (this.shown === shown) {
        this.panel.fail(failure(error, say()) || say()("panel.stopped"));
      }
      return undefined;
    }
  }

  private insert(): void {
    const { session, say, inserted } = this.around;
    const { shown } = this;
    const { view } = session;
    if (!shown?.result || !view || view.state.readOnly) {
      return;
    }
    const { result, tracker } = shown;
    const items = placed(result.edit, session, tracker);
    if (!items || items.length === 0) {
      this.panel.fail(say()("panel.moved"));
      return;
    }
    whenCalm(view, `insert-${result.draft.id}`, () => {
      const first = items[0];
      applyEdits(view, items, { effects: first ? EditorView.scrollIntoView(first.from, { y: "start", yMargin: 90 }) : [] });
      this.forget();
      this.panel.close();
      view.focus();
      inserted(result);
    });
  }

  private jump(range: Range): void {
    const { view } = this.around.session;
    if (!view || !this.shown) {
      return;
    }
    const { tracker } = this.shown;
    const { from, to } = place(tracker.doc, range);
    const anchor = tracker.map(from, 1);
    const head = Math.max(anchor, tracker.map(to, -1));
    view.dispatch({ selection: { anchor, head }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    view.focus();
  }

  private forget(): void {
    this.shown?.tracker.release();
    this.shown = undefined;
  }
}
