/** Checks every note of the workspace, also those that are not open. Nothing is changed or kept. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { CheckResult, StandingDraft } from "../client/requests";
import { t } from "../l10n";
import type { Services } from "../services";
import { decode, type Decoded } from "./decode";

const MOST_FILES = 10_000;

export interface FolderReport {
  drafts: Map<string, readonly StandingDraft[]>;
}

interface Tally {
  notes: number;
  findings: number;
  skipped: number;
  drafts: Map<string, readonly StandingDraft[]>;
  diagnostics: Map<string, vscode.Diagnostic[]>;
  stopped: boolean;
}

export class FolderCheck implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection("doctorflan-folder");
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly services: Services,
    private readonly report: (drafts: FolderReport["drafts"]) => void,
  ) {
    // From here on the server itself reports what is wrong in an open note.
    this.listening = vscode.workspace.onDidOpenTextDocument((document) => {
      this.collection.delete(document.uri);
    });
  }

  dispose(): void {
    this.listening.dispose();
    this.collection.dispose();
  }

  async run(): Promise<void> {
    const client = await this.services.server.ready();
    if (client === undefined || (vscode.workspace.workspaceFolders ?? []).length === 0) {
      void vscode.window.showInformationMessage(
        client === undefined
          ? t("DoctorFLAN's server is not running; click its name in the status bar to see why.")
          : t("Open a folder first: DoctorFLAN checks the notes in it."),
      );
      return;
    }
    const options = { location: vscode.ProgressLocation.Notification, title: t("DoctorFLAN: checking notes"), cancellable: true };
    const tally = await vscode.window.withProgress(options, (progress, token) => this.checkAll(client, progress, token));
    this.show(tally);
  }

  private async checkAll(
    client: LanguageClient,
    progress: vscode.Progress<{ message?: string; increment?: number }>,
    token: vscode.CancellationToken,
  ): Promise<Tally> {
    const tally: Tally = { notes: 0, findings: 0, skipped: 0, drafts: new Map(), diagnostics: new Map(), stopped: false };
    const files = await vscode.workspace.findFiles(pattern(), undefined, MOST_FILES, token);
    for (const uri of files) {
      if (token.isCancellationRequested) {
        tally.stopped = true;
        break;
      }
      progress.report({ message: vscode.workspace.asRelativePath(uri), increment: 100 / files.length });
      await this.checkOne(client, uri, tally, token);
    }
    return tally;
  }

  private async checkOne(client: LanguageClient, uri: vscode.Uri, tally: Tally, token: vscode.CancellationToken): Promise<void> {
    const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    const read = open === undefined ? await this.read(uri) : { text: open.getText() };
    if ("skipped" in read) {
      tally.skipped += 1;
      this.services.output.warn(skippedLine(uri, read.skipped));
      return;
    }
    try {
      const params = { uri: uri.toString(), text: read.text };
      const result = await client.sendRequest<CheckResult>("doctorflan/check", params, token);
      tally.notes += 1;
      tally.findings += result.diagnostics.length;
      if (open === undefined) {
        tally.drafts.set(uri.toString(), result.drafts);
        tally.diagnostics.set(uri.toString(), await client.protocol2CodeConverter.asDiagnostics(result.diagnostics));
      }
    } catch {
      tally.skipped += 1;
      this.services.output.warn(t("{0}: the server did not answer; skipped.", vscode.workspace.asRelativePath(uri)));
    }
  }

  private async read(uri: vscode.Uri): Promise<Decoded | { skipped: "unreadable" }> {
    try {
      return decode(await vscode.workspace.fs.readFile(uri));
    } catch {
      return { skipped: "unreadable" };
    }
  }

  private show(tally: Tally): void {
    this.collection.clear();
    for (const [uri, diagnostics] of tally.diagnostics) {
      this.collection.set(vscode.Uri.parse(uri), diagnostics);
    }
    this.report(tally.drafts);
    const drafts = [...tally.drafts.values()].reduce((sum, each) => sum + each.length, 0);
    const done = t("{0} notes checked: {1} findings, {2} drafts that await review, {3} files skipped.", tally.notes, tally.findings, drafts, tally.skipped);
    const text = tally.stopped ? `${t("Stopped.")} ${done}` : done;
    const [problems, log] = [t("Show problems"), t("Show log")];
    void vscode.window.showInformationMessage(text, problems, ...(tally.skipped > 0 ? [log] : [])).then((chosen) => {
      if (chosen === problems) {
        void vscode.commands.executeCommand("workbench.actions.view.problems");
      } else if (chosen === log) {
        this.services.output.show();
      }
    });
  }
}

function pattern(): string {
  const settings = vscode.workspace.getConfiguration("doctorflan");
  const endings = settings.get<string[]>("check.include", ["note", "emr"]).map((ending) => ending.replace(/^\./, ""));
  return `**/*.{${[...new Set(["note", "emr", ...endings])].join(",")}}`;
}

function skippedLine(uri: vscode.Uri, why: "binary" | "large" | "encoding" | "unreadable"): string {
  const name = vscode.workspace.asRelativePath(uri);
  switch (why) {
    case "binary":
      return t("{0}: is not text; skipped.", name);
    case "large":
      return t("{0}: is larger than 5 MB; skipped. Open it to have it checked.", name);
    case "encoding":
      return t("{0}: is not UTF-8; skipped. Reopen it with its encoding and save it as UTF-8.", name);
    case "unreadable":
      return t("{0}: cannot be read; skipped.", name);
  }
}
