/** Tells, once for each, what keeps the server from running, with buttons that mend it. */

import * as vscode from "vscode";
import { t } from "../l10n";
import {
  INSTALL_COMMAND,
  UPGRADE_COMMAND,
  remedies,
  remedyTitle,
  sentence,
  type Problem,
  type Remedy,
} from "../server/problem";
import type { Services } from "../services";

export function tellProblems(services: Services): vscode.Disposable {
  let told = "";
  return services.server.onDidChange(({ phase, problem }) => {
    if (phase === "running") {
      told = "";
    }
    const key = problem === undefined ? "" : JSON.stringify(problem);
    if (problem !== undefined && key !== told) {
      told = key;
      void tell(services, problem);
    }
  });
}

async function tell(services: Services, problem: Problem): Promise<void> {
  const offered = remedies(problem);
  const titles = offered.map(remedyTitle);
  const show = problem.kind === "silent" ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;
  const chosen = await show(sentence(problem), ...titles);
  const remedy = offered[titles.indexOf(chosen ?? "")];
  if (remedy !== undefined) {
    await apply(services, remedy);
  }
}

async function apply(services: Services, remedy: Remedy): Promise<void> {
  switch (remedy) {
    case "copyInstall":
      await copy(INSTALL_COMMAND);
      break;
    case "copyUpgrade":
      await copy(UPGRADE_COMMAND);
      break;
    case "openSetting":
      await vscode.commands.executeCommand("workbench.action.openSettings", "doctorflan.server.path");
      break;
    case "restart":
      await services.server.restart();
      break;
    case "showLog":
      services.output.show();
      break;
    case "openGuide":
      await vscode.commands.executeCommand("doctorflan.welcome.open");
      break;
  }
}

async function copy(command: string): Promise<void> {
  await vscode.env.clipboard.writeText(command);
  void vscode.window.showInformationMessage(t("`{0}` is on the clipboard: run it in a terminal, then choose Restart server.", command));
}
