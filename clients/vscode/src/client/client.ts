/** The language client: which documents it serves, and how it says what goes wrong. */

import type * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type ErrorHandler,
  type LanguageClientOptions,
} from "vscode-languageclient/node";
import type { Started } from "../server/process";
import { explicitSettings } from "./configuration";
import { documentSelector } from "./languages";
import { middleware } from "./middleware";

/** Who restarts the server is the supervisor; here nothing is restarted and nothing is said. */
const silentErrors: ErrorHandler = {
  error: () => ({ action: ErrorAction.Continue, handled: true }),
  closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
};

/** Writes to the log what the base class would show in a box of its own wording. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** `told` is called whenever the server was told its settings. */
export function makeClient(
  connect: () => Promise<Started>,
  output: vscode.LogOutputChannel,
  told: () => void,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: documentSelector(),
    // The server speaks the right language from its first word on, before it asks for its settings.
    initializationOptions: () => explicitSettings(),
    outputChannel: output,
    errorHandler: silentErrors,
    initializationFailedHandler: () => false,
    middleware: middleware(() => client, told),
    // The server's standard error is already read, line by line, by the process that starts it.
    stdioOptions: { stdout: () => undefined, stderr: () => undefined },
    markdown: { isTrusted: false, supportHtml: false },
  };
  const serve = async (): Promise<Started["process"]> => (await connect()).process;
  const client: LanguageClient = new QuietClient("doctorflan", "DoctorFLAN", serve, options);
  return client;
}
