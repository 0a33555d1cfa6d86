/** Putting a finding aside, with the doctor's reason, and taking that back. */

import type { NoteSession } from "./editor/session";
import type { Command, Dismissal, Reason } from "./lsp/types";
import { failure } from "./reviewing";
import type { Say } from "./strings";
import type { Menu, MenuItem } from "./ui/menu";

const DISMISS = "doctorflan.dismiss";
const RESTORE = "doctorflan.restore";

export interface DismissSurroundings {
  session: NoteSession;
  say: () => Say;
  reasons: () => readonly Reason[];
  notice: (text: string) => void;
  /** Told to screen readers. */
  announce: (text: string) => void;
}

/** Where a menu is shown, in pixels from the upper left corner. */
export interface MenuPlace {
  left: number;
  top: number;
}

export class Dismissing {
  constructor(private readonly around: DismissSurroundings) {}

  /** Ask why in `menu`; Escape leaves the finding as it is. */
  ask(menu: Menu, at: MenuPlace, dismissal: Dismissal): void {
    const say = this.around.say();
    const items = inOrder(this.around.reasons(), dismissal.reason).map(({ id, title }): MenuItem => ({
      title,
      run: () => {
        this.execute(DISMISS, { ...dismissal, reason: id }, say("dismiss.done"));
      },
    }));
    if (items.length === 0) {
      this.execute(DISMISS, dismissal, say("dismiss.done"));
      return;
    }
    this.show(menu, at, items, say("dismiss.reason", { rule: dismissal.rule }));
  }

  /** Ask in `menu` where what was put aside is to be shown again. */
  restore(menu: Menu, at: MenuPlace): void {
    const say = this.around.say();
    const { uri } = this.around.session;
    const item = (title: string, argument: object): MenuItem => ({
      title,
      run: () => {
        // The server says how many there were.
        this.execute(RESTORE, argument, "");
      },
    });
    const items = [item(say("restore.here"), { uri }), item(say("restore.everywhere"), {})];
    this.show(menu, at, items, say("restore"));
  }

  private show(menu: Menu, at: MenuPlace, items: readonly MenuItem[], label: string): void {
    const { view } = this.around.session;
    menu.show(items, at, { label, heading: label, left: () => view?.focus() });
  }

  private execute(command: string, argument: object, done: string): void {
    const { session, say, notice, announce } = this.around;
    session.view?.focus();
    session.execute(command, argument).then(
      () => {
        announce(done);
      },
      (error: unknown) => {
        notice(failure(error, say()));
      },
    );
  }
}

/** What an action's command puts aside, if that is what it does. */
export function dismissalOf(command: Command | undefined): Dismissal | undefined {
  return command?.command === DISMISS ? (command.arguments?.[0] as Dismissal | undefined) : undefined;
}

/** `chosen` first, where a menu has its focus; the others keep the server's order. */
export function inOrder(reasons: readonly Reason[], chosen: string): Reason[] {
  return [...reasons.filter(({ id }) => id === chosen), ...reasons.filter(({ id }) => id !== chosen)];
}
