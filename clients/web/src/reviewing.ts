/** Accepting and discarding drafts that stand in the note. */

import type { Block } from "./editor/blocks";
import { applyEdits, placed } from "./editor/edits";
import { whenCalm } from "./editor/composition";
import type { NoteSession } from "./editor/session";
import { CANCELLED, LOST, RpcError, STALE } from "./lsp/rpc";
import type { Reason, Reviewed, ReviewResult, WorkspaceEdit } from "./lsp/types";
import type { Say } from "./strings";
import { askReason } from "./ui/reasons";

export interface ReviewSurroundings {
  session: NoteSession;
  say: () => Say;
  /** Where a question is shown. */
  host: HTMLElement;
  reasons: () => readonly Reason[];
  notice: (text: string) => void;
  reviewed: (what: Reviewed) => void;
}

export class Reviewing {
  constructor(private readonly around: ReviewSurroundings) {}

  accept(block: Pick<Block, "id">): Promise<void> {
    return this.review(block.id, "accepted");
  }

  async discard(block: Pick<Block, "id">): Promise<void> {
    const { host, reasons, say, session } = this.around;
    const reason = await askReason(host, reasons(), say());
    if (reason !== undefined) {
      await this.review(block.id, "discarded", reason);
    } else {
      session.view?.focus();
    }
  }

  /** Apply an edit of a review and tell the server, whichever way it was asked for. */
  done(edit: WorkspaceEdit, reviewed: Reviewed, tracker = this.around.session.track()): void {
    const { session, say, notice, reviewed: told } = this.around;
    const items = placed(edit, session, tracker);
    tracker.release();
    const { view } = session;
    if (!items || !view) {
      notice(say()("panel.moved"));
      return;
    }
    whenCalm(view, `review-${reviewed.block}`, () => {
      applyEdits(view, items);
      view.focus();
      // Without an answer nothing is lost: the note itself says what was reviewed.
      session.execute("doctorflan.reviewed", reviewed).catch(() => undefined);
      told(reviewed);
    });
  }

  private async review(block: string, outcome: string, reason?: string): Promise<void> {
    const { session, say, notice } = this.around;
    if (!session.connected) {
      notice(say()("draft.offline"));
      return;
    }
    const tracker = session.track();
    try {
      const params = { block, outcome, ...(reason ? { reason } : {}) };
      const { edit, reviewed } = (await session.request("doctorflan/review", params)) as ReviewResult;
      this.done(edit, reviewed, tracker);
    } catch (error) {
      tracker.release();
      notice(failure(error, say()));
    }
  }
}

/** One sentence for a request that failed; empty where the doctor stopped it. */
export function failure(error: unknown, say: Say): string {
  const { code, message } = error instanceof RpcError ? error : { code: 0, message: String(error) };
  switch (code) {
    case CANCELLED:
      return "";
    case STALE:
      return say("draft.stale");
    case LOST:
      return say("draft.offline");
    default:
      return say("failed", { reason: message });
  }
}
