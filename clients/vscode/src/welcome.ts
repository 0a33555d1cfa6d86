/** The first steps: the walkthrough, and an invented note to try things on. */

import * as vscode from "vscode";
import { locale } from "./l10n";
import type { Services } from "./services";

const SHOWN = "doctorflan.welcomeShown";
const WALKTHROUGH = "doctorflan.doctorflan#doctorflan.start";

/** Opens the walkthrough the first time, unless the setting says otherwise. */
export async function welcomeOnce(services: Services): Promise<void> {
  const { globalState } = services.context;
  const wanted = vscode.workspace.getConfiguration("doctorflan").get<boolean>("welcome.show", true);
  if (!wanted || globalState.get<boolean>(SHOWN) === true) {
    return;
  }
  await globalState.update(SHOWN, true);
  await openWelcome();
}

export async function openWelcome(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", WALKTHROUGH, false);
}

export async function openExample(services: Services): Promise<void> {
  const name = locale() === "zh" ? "example.zh.note" : "example.en.note";
  const uri = vscode.Uri.joinPath(services.context.extensionUri, "media", name);
  const content = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  const document = await vscode.workspace.openTextDocument({ language: "clinicalnote", content });
  await vscode.window.showTextDocument(document);
}
