/** What the parts of the extension share. */

import type * as vscode from "vscode";
import type { Supervisor } from "./server/supervisor";

export interface Services {
  context: vscode.ExtensionContext;
  output: vscode.LogOutputChannel;
  server: Supervisor;
  /** Something about drafts changed: lists of them are out of date. */
  changed: vscode.EventEmitter<void>;
}
