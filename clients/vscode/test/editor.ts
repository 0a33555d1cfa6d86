/** As much of VS Code's interface as the unit tests need; what is chosen in a list is set by the test. */

import type * as real from "vscode";

export interface Item {
  label: string;
  [more: string]: unknown;
}

export const shown = { lists: [] as Item[][], warnings: [] as string[] };

let choice: (items: Item[]) => Item | undefined = () => undefined;

/** What the doctor chooses in the next lists; undefined is Escape. */
export function choose(by: typeof choice): void {
  choice = by;
  shown.lists = [];
  shown.warnings = [];
}

export const window = {
  activeTextEditor: undefined as real.TextEditor | undefined,
  visibleTextEditors: [] as real.TextEditor[],
  showQuickPick: (items: Item[]): Promise<Item | undefined> => {
    shown.lists.push(items);
    return Promise.resolve(choice(items));
  },
  showWarningMessage: (text: string): Promise<undefined> => {
    shown.warnings.push(text);
    return Promise.resolve(undefined);
  },
};

export const workspace = {
  getConfiguration: (): { get: <T>(key: string, fallback: T) => T } => ({ get: (_key, fallback) => fallback }),
};

export const env = { language: "zh-cn" };

export class CodeActionKind {
  constructor(readonly value: string) {}
}

export class CodeAction {
  command?: real.Command;
  diagnostics?: real.Diagnostic[];

  constructor(
    readonly title: string,
    readonly kind?: CodeActionKind,
  ) {}
}
