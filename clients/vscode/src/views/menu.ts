/** The menu behind the status bar item. */

import * as vscode from "vscode";
import { t } from "../l10n";
import { RESTORE } from "../review/ids";
import { sentence } from "../server/problem";
import type { Services } from "../services";
import { askStatus } from "./statusItem";
import { summary } from "./summary";

interface Entry extends vscode.QuickPickItem {
  run?: () => unknown;
}

export async function showMenu(services: Services): Promise<void> {
  const chosen = await vscode.window.showQuickPick(await entries(services), {
    title: "DoctorFLAN",
    placeHolder: t("State of the server, and what to do with it"),
  });
  await chosen?.run?.();
}

async function entries(services: Services): Promise<Entry[]> {
  return [...(await stateEntries(services)), { label: "", kind: vscode.QuickPickItemKind.Separator }, ...actions(services)];
}

async function stateEntries(services: Services): Promise<Entry[]> {
  const { state } = services.server;
  if (state.problem !== undefined) {
    return [{ label: `$(error) ${sentence(state.problem)}` }];
  }
  const status = await askStatus(services);
  if (status === undefined) {
    return [{ label: `$(info) ${t("The server is not running.")}` }];
  }
  const { models, hosts, troubles, problems } = summary(status);
  const where = hosts.length === 0 ? t("Nothing leaves this machine.") : t("Notes go, masked, to {0}.", hosts.join(", "));
  return [
    { label: `$(book) ${models.join(", ")}`, description: where, detail: `doctorflan-ls ${status.version}` },
    ...troubles.map((line) => ({ label: `$(warning) ${line}` })),
    ...problems.map((line) => ({ label: `$(gear) ${line}` })),
  ];
}

function actions(services: Services): Entry[] {
  const command = (icon: string, label: string, id: string, ...values: unknown[]): Entry => ({
    label: `$(${icon}) ${label}`,
    run: () => vscode.commands.executeCommand(id, ...values),
  });
  return [
    command("sparkle", t("Draft…"), "doctorflan.drafts.new"),
    command("cloud", t("What leaves this machine"), "doctorflan.outgoing.show"),
    command("checklist", t("Check folder"), "doctorflan.check.folder"),
    command("eye", t("Show dismissed findings again"), RESTORE),
    command("debug-restart", t("Restart server"), "doctorflan.server.restart"),
    { label: `$(output) ${t("Show log")}`, run: () => { services.output.show(); } },
    command("settings-gear", t("Settings"), "workbench.action.openSettings", "@ext:doctorflan.doctorflan"),
    command("mortar-board", t("Getting started"), "doctorflan.welcome.open"),
  ];
}
