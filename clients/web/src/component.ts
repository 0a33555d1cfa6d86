/** The component's parts put together: editor, toolbar, draft panel, status line, connection. */

import { closeLintPanel, openLintPanel } from "@codemirror/lint";
import { redo, undo } from "@codemirror/commands";
import { EditorState, type Text } from "@codemirror/state";
import { EditorView, keymap, tooltips } from "@codemirror/view";
import { ActionMenu } from "./actionMenu";
import { Dismissing } from "./dismissing";
import { Drafting, type DraftRequest } from "./drafting";
import { draftBlocks, standing } from "./editor/blocks";
import { completion } from "./editor/completion";
import { compositionGate, whenCalm } from "./editor/composition";
import { findingAt, findingCount, findings, showFindings } from "./editor/findings";
import { ghostText } from "./editor/ghost";
import { hover } from "./editor/hover";
import { marks, type Marks } from "./editor/marks";
import { phraseTable } from "./editor/phrases";
import { NoteSession } from "./editor/session";
import { Setup, type Adjustable } from "./editor/setup";
import { tabStops } from "./editor/tabstops";
import { Link } from "./link";
import type { DraftResult, Order, TaskInfo } from "./lsp/types";
import { Reviewing } from "./reviewing";
import { Standing } from "./standing";
import type { Events, Settings } from "./settings";
import { sayIn, type Say } from "./strings";
import { unitOffsets } from "./text/codepoints";
import { position, range } from "./text/positions";
import { el } from "./ui/dom";
import { StatusLine } from "./ui/statusLine";
import { Toolbar } from "./ui/toolbar";

const AFTER_CHANGE_MS = 350;

export class Component {
  readonly view: EditorView;
  private say: Say;
  private titles = new Map<string, string>();
  /** What stands between lines in a value that was set with CR LF. */
  private lineEnd = "\n";
  private readonly setup = new Setup();
  private readonly session: NoteSession;
  private readonly link: Link;
  private readonly marks: Marks;
  private readonly toolbar: Toolbar;
  private readonly status: StatusLine;
  private readonly drafting: Drafting;
  private readonly reviewing: Reviewing;
  private readonly menu: ActionMenu;
  private readonly standing: Standing;

  constructor(
    private readonly host: HTMLElement,
    root: ShadowRoot,
    private settings: Settings,
    private readonly events: Events,
  ) {
    this.say = sayIn(settings.language);
    this.session = new NoteSession(settings.uri, () => this.link.connection);
    this.standing = new Standing(this.session, () => {
      this.count();
    });
    this.status = new StatusLine(this.say, () => this.link.connection?.retry());
    this.toolbar = this.makeToolbar();
    this.link = this.makeLink();
    const around = {
      session: this.session,
      host,
      say: () => this.say,
      notice: (text: string) => {
        this.status.notice(text);
      },
    };
    this.drafting = new Drafting({ ...around, inserted: this.inserted });
    this.reviewing = new Reviewing({
      ...around,
      reasons: () => this.standing.reasons,
      reviewed: ({ block, outcome, reason }) => {
        this.standing.soon(this.view, 0);
        events.reviewed({ block, outcome, ...(reason === undefined ? {} : { reason }) });
      },
    });
    this.menu = new ActionMenu({
      ...around,
      reviewing: this.reviewing,
      dismissing: new Dismissing({ ...around, reasons: () => this.standing.dismissReasons, announce: this.announce }),
      start: (order, tracker) => {
        const [from, to, at] = unitOffsets(tracker.doc.toString(), [...(order.span ?? [0, 0]), order.at ?? 0]);
        this.order(order, { from: tracker.map(from ?? 0), to: tracker.map(to ?? 0), at: tracker.map(at ?? 0) });
        tracker.release();
      },
      discard: (block) => void this.reviewing.discard({ id: block }),
    });
    this.marks = marks(this.session, () => this.link.capabilities.semanticTokensProvider?.legend);
    this.view = this.makeView(root);
    this.session.view = this.view;
    const edit = el("div", { class: "df-edit", part: "editor" });
    edit.append(this.view.dom);
    host.append(this.toolbar.dom, el("div", { class: "df-main" }, edit, this.drafting.panel.dom), this.status.dom);
    this.toolbar.writable(!settings.readOnly);
  }

  get value(): string {
    return this.view.state.doc.toString().replaceAll("\n", this.lineEnd);
  }

  set value(text: string) {
    this.lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
    const { doc } = this.view.state;
    const next = this.view.state.toText(text);
    if (!doc.eq(next)) {
      this.view.dispatch({ changes: { from: 0, to: doc.length, insert: next }, selection: { anchor: 0 } });
    }
  }

  connect(): void {
    const { server, token, language } = this.settings;
    this.session.forget();
    this.status.address(server);
    this.link.connect(server, token, language === "zh" ? "zh-CN" : "en");
  }

  /** The element was taken out of its page: nothing is asked any more; the text stays. */
  disconnect(): void {
    this.standing.stop();
    this.session.close();
    this.link.close();
  }

  change(settings: Settings): void {
    const before = this.settings;
    this.settings = settings;
    this.say = sayIn(settings.language);
    this.toolbar.translate(this.say);
    this.toolbar.writable(!settings.readOnly);
    this.status.translate(this.say);
    this.setup.adjust(this.view, this.adjustable());
    if (before.uri !== settings.uri) {
      this.turnTo(settings.uri);
    }
    if ((["server", "token", "language"] as const).some((name) => before[name] !== settings[name])) {
      this.session.close();
      this.connect();
    }
  }

  /** Another note: undo does not lead back into the one before. */
  private turnTo(uri: string): void {
    const { session, view, link } = this;
    this.drafting.dismiss();
    session.close();
    session.uri = uri;
    view.setState(this.state(view.state.doc));
    if (link.connection?.connected) {
      session.open();
      this.standing.soon(this.view, 0);
      this.marks.refresh(view);
    }
    this.count();
  }

  focus(): void {
    this.view.focus();
  }

  requestDraft(request: Omit<DraftRequest, "title">): Promise<DraftResult | undefined> {
    return this.drafting.start({ ...request, title: this.titles.get(request.task) ?? request.task });
  }

  private adjustable(): Adjustable {
    const { readOnly, label, language } = this.settings;
    return { readOnly, label: label || this.say("editor"), phrases: phraseTable(language) };
  }

  private makeView(root: ShadowRoot): EditorView {
    return new EditorView({ root, state: this.state() });
  }

  private state(doc?: Text): EditorState {
    const { session, announce } = this;
    return EditorState.create({
        ...(doc ? { doc } : {}),
        extensions: [
          keymap.of([{ key: "Mod-.", run: (view) => (void this.menu.show(view), true), preventDefault: true }]),
          compositionGate,
          tooltips({ tooltipSpace: () => this.host.getBoundingClientRect() }),
          ghostText(
            session,
            () => this.link.capabilities.inlineCompletionProvider !== undefined,
            (text) => {
              announce(this.say("ghost.offered", { text }));
            },
          ),
          tabStops,
          completion(session, (order, at) => {
            this.order({ ...order, span: undefined }, { from: 0, to: 0, at });
          }),
          hover(session, announce),
          findings,
          this.marks.extension,
          draftBlocks(
            {
              accept: (block) => void this.reviewing.accept(block),
              discard: (block) => void this.reviewing.discard(block),
              regenerate: ({ task, id }) => void this.requestDraft({ task, block: id }),
            },
            () => this.say,
          ),
          this.setup.extension(this.adjustable()),
          EditorView.updateListener.of((update) => {
            session.updated(update);
            if (update.docChanged) {
              this.standing.soon(this.view, AFTER_CHANGE_MS);
              this.events.changed();
            }
            if (update.docChanged || update.selectionSet) {
              this.status.cursor(findingAt(update.state, update.state.selection.main.head) ?? "");
            }
          }),
        ],
      });
  }

  private readonly announce = (text: string): void => {
    this.status.announce(text);
  };

  private makeToolbar(): Toolbar {
    return new Toolbar(this.say, {
      draft: (from) => void this.menu.show(this.view, from),
      findings: () => {
        if (!closeLintPanel(this.view)) {
          openLintPanel(this.view);
        }
      },
      pending: () => {
        this.standing.next(this.view);
      },
      undo: () => {
        undo(this.view);
        this.view.focus();
      },
      redo: () => {
        redo(this.view);
        this.view.focus();
      },
    });
  }

  private makeLink(): Link {
    return new Link({
      state: (state) => {
        if (state !== "connected") {
          this.session.forget();
        }
        this.status.connection(state);
        this.host.dataset["state"] = state;
        this.events.status({ state });
      },
      opened: () => {
        void this.readTasks();
        this.session.open();
        this.standing.soon(this.view, 0);
        this.marks.refresh(this.view);
      },
      findings: (found, uri, version) => {
        if (uri === this.session.uri) {
          whenCalm(this.view, "findings", () => {
            // Findings of an older text are followed by those of the present one.
            if (this.session.settled && (version === undefined || version === this.session.currentVersion)) {
              showFindings(this.view, found, { say: this.say, act: (from) => void this.menu.show(this.view, from) });
              this.count();
            }
          });
        }
      },
      refresh: () => {
        this.marks.refresh(this.view);
      },
      message: (text) => {
        this.status.notice(text);
      },
      // Every draft is asked for with its own request: the server has no edit of its own to make.
      edit: () => Promise.resolve(false),
      status: (status) => {
        this.status.status(status);
      },
    });
  }

  /** Start the draft of an action or a task that was chosen. */
  private order(order: Order, { from, to, at }: { from: number; to: number; at: number }): void {
    const { doc } = this.view.state;
    const whole = order.span === undefined || (from === 0 && to === doc.length);
    void this.requestDraft({
      task: order.task ?? "",
      range: whole ? undefined : range(doc, from, to),
      position: order.block === undefined ? position(doc, at) : undefined,
      language: order.language,
      block: order.block,
    });
  }

  private readonly inserted = ({ draft, reviewed }: DraftResult): void => {
    if (reviewed) {
      this.session.execute("doctorflan.reviewed", reviewed).catch(() => undefined);
    }
    this.standing.soon(this.view, 0);
    this.status.announce(this.say("panel.inserted"));
    this.events.inserted({ draft: draft.id, task: draft.task });
  };

  private async readTasks(): Promise<void> {
    try {
      const { tasks } = (await this.link.connection?.request("doctorflan/tasks", {})) as { tasks: TaskInfo[] };
      this.titles = new Map(tasks.map(({ id, title }) => [id, title]));
    } catch {
      // Tasks then go by their ids.
    }
  }

  private count(): void {
    const { state } = this.view;
    this.toolbar.count({ findings: findingCount(state), pending: standing(state).length });
  }
}
