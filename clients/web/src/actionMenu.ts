/** The menu of what the server offers for the selection, the section, or the draft at the cursor. */

import type { EditorView } from "@codemirror/view";
import { dismissalOf, type Dismissing, type MenuPlace } from "./dismissing";
import { applyEdits, placed } from "./editor/edits";
import type { NoteSession, Tracker } from "./editor/session";
import type { CodeAction, Command, Order, Reviewed } from "./lsp/types";
import { failure, type Reviewing } from "./reviewing";
import type { Say } from "./strings";
import { range } from "./text/positions";
import { Menu, type MenuItem } from "./ui/menu";

const INVOKED = 1;
const REVIEWED = "doctorflan.reviewed";

export interface MenuSurroundings {
  session: NoteSession;
  say: () => Say;
  host: HTMLElement;
  reviewing: Reviewing;
  dismissing: Dismissing;
  notice: (text: string) => void;
  /** Start the draft that an action stands for; its offsets are code points of `tracker`'s text. */
  start: (order: Order, tracker: Tracker) => void;
  discard: (block: string) => void;
}

export class ActionMenu {
  private readonly menu: Menu;

  constructor(private readonly around: MenuSurroundings) {
    this.menu = new Menu(around.host);
  }

  /** Ask the server and show what it offers; `below` is the button that asked, if one did. */
  async show(view: EditorView, below?: HTMLElement): Promise<void> {
    const { session, say, notice } = this.around;
    if (view.state.readOnly) {
      return;
    }
    if (!session.connected) {
      notice(say()("draft.offline"));
      return;
    }
    const { from, to, head } = view.state.selection.main;
    const tracker = session.track();
    const params = { range: range(view.state.doc, from, to), context: { diagnostics: [], triggerKind: INVOKED } };
    let actions: CodeAction[];
    try {
      actions = ((await session.request("textDocument/codeAction", params)) ?? []) as CodeAction[];
    } catch (error) {
      tracker.release();
      notice(failure(error, say()));
      return;
    }
    const at = this.place(view, head, below);
    const items = actions.map((action): MenuItem => ({
      title: action.title,
      run: () => {
        this.run(view, action, tracker, at);
      },
    }));
    const restore: MenuItem = {
      title: say()("restore"),
      run: () => {
        tracker.release();
        this.around.dismissing.restore(this.menu, at);
      },
    };
    this.menu.show([...items, restore], at, {
      label: say()("action.menu"),
      ...(items.length === 0 ? { heading: say()("draft.menu.empty") } : {}),
      left: () => {
        tracker.release();
        (below ?? view).focus();
      },
    });
  }

  private run(view: EditorView, action: CodeAction, tracker: Tracker, at: MenuPlace): void {
    const { reviewing, dismissing, start, say, session, notice } = this.around;
    const { edit, command, data } = action;
    const reviewed = edit && reviewedOf(command);
    const dismissal = dismissalOf(command);
    if (dismissal) {
      tracker.release();
      dismissing.ask(this.menu, at, dismissal);
    } else if (edit && reviewed?.outcome === "discarded") {
      tracker.release();
      this.around.discard(reviewed.block);
    } else if (edit && reviewed) {
      reviewing.done(edit, reviewed, tracker);
    } else if (edit) {
      const items = placed(edit, session, tracker);
      tracker.release();
      if (items) {
        applyEdits(view, items);
        view.focus();
      } else {
        notice(say()("panel.moved"));
      }
    } else if (data?.task !== undefined) {
      start(data, tracker);
    }
  }

  private place(view: EditorView, head: number, below: HTMLElement | undefined): MenuPlace {
    const host = this.around.host.getBoundingClientRect();
    const at = below?.getBoundingClientRect() ?? view.coordsAtPos(head) ?? view.dom.getBoundingClientRect();
    return { left: at.left - host.left, top: (below ? at.bottom + 4 : at.bottom + 2) - host.top };
  }
}

function reviewedOf(command: Command | undefined): Reviewed | undefined {
  return command?.command === REVIEWED ? (command.arguments?.[0] as Reviewed | undefined) : undefined;
}
