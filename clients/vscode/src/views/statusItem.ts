/** The status bar: which model answers, whether text leaves this machine, what is in trouble. */

import * as vscode from "vscode";
import type { StatusResult } from "../client/requests";
import { t } from "../l10n";
import { sentence } from "../server/problem";
import type { ServerState } from "../server/supervisor";
import type { Services } from "../services";
import { summary, type Summary } from "./summary";

export const MENU = "doctorflan.menu";
const REFRESH_AFTER = 400;

export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly listening: vscode.Disposable;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly services: Services) {
    this.item = vscode.window.createStatusBarItem("doctorflan.status", vscode.StatusBarAlignment.Right, 100);
    this.item.name = "DoctorFLAN";
    this.item.command = MENU;
    const refresh = (): void => {
      this.refreshSoon();
    };
    this.listening = vscode.Disposable.from(
      services.server.onDidChange(refresh),
      services.changed.event(refresh),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("doctorflan")) {
          this.refreshSoon();
        }
      }),
    );
    this.draw(services.server.state);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listening.dispose();
    this.item.dispose();
  }

  private refreshSoon(): void {
    this.draw(this.services.server.state);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), REFRESH_AFTER);
  }

  private async ask(): Promise<void> {
    const status = await askStatus(this.services);
    if (status !== undefined && this.services.server.state.phase === "running") {
      this.drawRunning(summary(status));
    }
  }

  private draw(state: ServerState): void {
    const texts: Record<ServerState["phase"], [string, string]> = {
      asleep: ["$(circle-outline)", "DoctorFLAN"],
      stopped: ["$(circle-slash)", t("DoctorFLAN: stopped")],
      starting: ["$(loading~spin)", t("DoctorFLAN: starting")],
      slow: ["$(loading~spin)", t("DoctorFLAN: still starting, you can go on writing")],
      restarting: ["$(loading~spin)", t("DoctorFLAN: starting again")],
      failed: ["$(error)", t("DoctorFLAN: not running")],
      running: ["$(check)", "DoctorFLAN"],
    };
    const [icon, text] = texts[state.phase];
    if (state.phase === "running" && this.item.text.startsWith("$(book)")) {
      return;
    }
    this.show(icon, text, state.problem === undefined ? text : sentence(state.problem));
    if (state.phase === "asleep") {
      this.item.hide();
    } else {
      this.item.show();
    }
    this.item.backgroundColor =
      state.phase === "failed" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
  }

  private drawRunning({ models, hosts, troubles, problems }: Summary): void {
    const place = hosts.length === 0 ? t("offline") : hosts.join(", ");
    const trouble = troubles.length + problems.length;
    const text = `DoctorFLAN: ${models.join(", ")} · ${place}${trouble === 0 ? "" : ` · ${t("{0} to look at", trouble)}`}`;
    const lines = [
      t("Model: {0}", models.join(", ")),
      hosts.length === 0 ? t("Nothing leaves this machine.") : t("Notes go, masked, to {0}.", hosts.join(", ")),
      ...troubles,
      ...problems,
    ];
    this.show("$(book)", text, lines.join("\n\n"));
    this.item.backgroundColor = trouble === 0 ? undefined : new vscode.ThemeColor("statusBarItem.warningBackground");
  }

  private show(icon: string, text: string, tooltip: string): void {
    this.item.text = `${icon} ${text}`;
    this.item.tooltip = new vscode.MarkdownString().appendText(tooltip);
    this.item.accessibilityInformation = { label: `${text}. ${tooltip}`, role: "button" };
  }
}

/** Undefined where the server is not running or does not answer. */
export async function askStatus(services: Services): Promise<StatusResult | undefined> {
  try {
    return await services.server.client?.sendRequest<StatusResult>("doctorflan/status", {});
  } catch {
    return undefined;
  }
}
