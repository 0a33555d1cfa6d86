/** Putting a finding aside, with the doctor's reason, and taking that back. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Dismissal, DraftsResult } from "../client/requests";
import { t } from "../l10n";
import type { Services } from "../services";
import { noteEditor } from "../views/editor";
import { reasonItems } from "./reasons";

/** Asks why, then has the server put the finding aside; Escape leaves it as it is. */
export async function dismissFinding(services: Services, from: unknown): Promise<void> {
  const client = await running(services);
  if (client === undefined || !isDismissal(from)) {
    return;
  }
  const reason = await askReason(client, from);
  if (reason !== undefined) {
    await execute(client, "doctorflan.dismiss", { ...from, reason });
  }
}

/** What was put aside is shown again: in the note of the active editor, or everywhere. */
export async function restoreFindings(services: Services): Promise<void> {
  const client = await running(services);
  if (client === undefined) {
    return;
  }
  const uri = noteEditor()?.document.uri.toString();
  const here = { label: t("In this note"), argument: { uri } };
  const everywhere = { label: t("Everywhere, also what is never to be shown"), argument: {} };
  const chosen = await vscode.window.showQuickPick(uri === undefined ? [everywhere] : [here, everywhere], {
    title: t("Show dismissed findings again"),
  });
  if (chosen !== undefined) {
    // The server says how many there were.
    await execute(client, "doctorflan.restore", chosen.argument);
  }
}

export function isDismissal(value: unknown): value is Dismissal {
  const said = value as Partial<Dismissal> | null | undefined;
  return [said?.uri, said?.rule, said?.reach, said?.reason].every((each) => typeof each === "string");
}

async function askReason(client: LanguageClient, { rule, reason }: Dismissal): Promise<string | undefined> {
  const { dismissReasons } = await client.sendRequest<DraftsResult>("doctorflan/drafts", {});
  if (dismissReasons === undefined) {
    return reason;
  }
  const chosen = await vscode.window.showQuickPick(reasonItems(dismissReasons, reason), {
    title: t("Dismiss finding {0}", rule),
    placeHolder: t("Why? Only the reason is recorded, never the text. Escape keeps the finding."),
  });
  return chosen?.id;
}

async function running(services: Services): Promise<LanguageClient | undefined> {
  const client = await services.server.ready();
  if (client === undefined) {
    void vscode.window.showWarningMessage(t("DoctorFLAN's server is not running; click its name in the status bar to see why."));
  }
  return client;
}

async function execute(client: LanguageClient, command: string, argument: object): Promise<void> {
  try {
    await client.sendRequest("workspace/executeCommand", { command, arguments: [argument] });
  } catch (error) {
    void vscode.window.showWarningMessage(error instanceof Error ? error.message : String(error));
  }
}
