/** Input methods: while characters are composed, nothing but the doctor touches the editor. */

import { ViewPlugin, type EditorView } from "@codemirror/view";

/** The browser's last changes of a composition come shortly after its end. */
const AFTER_END_MS = 60;

class Gate {
  private readonly waiting = new Map<string, () => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly view: EditorView) {}

  run(name: string, action: () => void): void {
    if (this.view.compositionStarted || this.timer !== undefined) {
      this.waiting.set(name, action);
    } else {
      action();
    }
  }

  started(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  ended(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.view.compositionStarted) {
        return;
      }
      const actions = [...this.waiting.values()];
      this.waiting.clear();
      for (const action of actions) {
        action();
      }
    }, AFTER_END_MS);
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }
}

export const compositionGate = ViewPlugin.fromClass(Gate, {
  eventHandlers: {
    compositionstart() {
      this.started();
    },
    compositionend() {
      this.ended();
    },
  },
});

/** Do `action` now, or once no characters are composed; of one `name` only the latest is kept. */
export function whenCalm(view: EditorView, name: string, action: () => void): void {
  view.plugin(compositionGate)?.run(name, action);
}
