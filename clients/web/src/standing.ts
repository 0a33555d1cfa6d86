/** The drafts that stand in the note unreviewed, read again whenever the doctor pauses. */

import { EditorView } from "@codemirror/view";
import { showBlocks, standing } from "./editor/blocks";
import { whenCalm } from "./editor/composition";
import type { NoteSession } from "./editor/session";
import type { DraftsResult, Reason } from "./lsp/types";

export class Standing {
  /** What a review may give as its reason, in the doctor's language. */
  reasons: readonly Reason[] = [];
  /** What the dismissal of a finding may give as its reason. */
  dismissReasons: readonly Reason[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly session: NoteSession,
    private readonly shown: () => void,
  ) {}

  soon(view: EditorView, milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      whenCalm(view, "drafts", () => void this.read(view));
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Put the cursor into the next draft, or again into the first. */
  next(view: EditorView): void {
    const all = standing(view.state);
    const { head } = view.state.selection.main;
    const block = all.find(({ from }) => from > head) ?? all[0];
    if (block) {
      const effects = EditorView.scrollIntoView(block.from, { y: "start", yMargin: 60 });
      view.dispatch({ selection: { anchor: block.from }, effects });
      view.focus();
    }
  }

  private async read(view: EditorView): Promise<void> {
    const { session } = this;
    if (!session.connected) {
      return;
    }
    const { doc } = view.state;
    try {
      const { documents, reasons, dismissReasons } = (await session.request("doctorflan/drafts", {})) as DraftsResult;
      this.reasons = reasons;
      this.dismissReasons = dismissReasons ?? [];
      const mine = documents.find(({ uri }) => uri === session.uri);
      whenCalm(view, "drafts.show", () => {
        if (view.state.doc === doc) {
          showBlocks(view, mine?.drafts ?? []);
          this.shown();
        }
      });
    } catch {
      // The server is away; what is shown moves with the text until it is back.
    }
  }
}
