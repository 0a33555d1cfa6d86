/** Activation: registers what is there and starts the server; loads nothing before it is used. */

import * as vscode from "vscode";
import { noteLanguages } from "./client/languages";
import { registerCommands } from "./commands";
import { NotesTree } from "./review/tree";
import { plainVersion } from "./server/version";
import { Supervisor } from "./server/supervisor";
import type { Services } from "./services";
import { isNote } from "./views/editor";
import { tellProblems } from "./views/problems";
import { StatusItem } from "./views/statusItem";

/** Of which a change wants another client. */
const RESTART_SETTINGS = ["doctorflan.server.path", "doctorflan.languages", "doctorflan.schemes"];

export function activate(context: vscode.ExtensionContext): void {
  const began = performance.now();
  const services = makeServices(context);
  const tree = new NotesTree(services);
  context.subscriptions.push(
    services.output,
    services.changed,
    services.server,
    tree,
    new StatusItem(services),
    tellProblems(services),
    ...registerCommands(services, tree),
    vscode.workspace.onDidChangeConfiguration((event) => {
      void settingsChanged(services, event);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      void startAgain(services);
    }),
  );
  void setLanguages();
  context.subscriptions.push(wakeForNotes(services));
  void import("./welcome").then(({ welcomeOnce }) => welcomeOnce(services));
  services.output.info(`Activated in ${(performance.now() - began).toFixed(1)} ms.`);
}

function makeServices(context: vscode.ExtensionContext): Services {
  const output = vscode.window.createOutputChannel("DoctorFLAN", { log: true });
  const manifest = context.extension.packageJSON as { doctorflan: { minimumServer: string } };
  const minimum = plainVersion(manifest.doctorflan.minimumServer) ?? [0, 0, 0];
  const changed = new vscode.EventEmitter<void>();
  const told = (): void => {
    changed.fire();
  };
  const server = new Supervisor(
    async (connect) => (await import("./client/client")).makeClient(connect, output, told),
    minimum,
    output,
  );
  return { context, output, server, changed };
}

/** The server starts with the first note, or in a folder that holds some. */
function wakeForNotes(services: Services): vscode.Disposable {
  const { server } = services;
  wakeForOpen(services);
  void vscode.workspace.findFiles("**/*.{note,emr}", undefined, 1).then((found) => {
    if (found.length > 0) {
      server.wake();
    }
  });
  return vscode.workspace.onDidOpenTextDocument(() => {
    wakeForOpen(services);
  });
}

function wakeForOpen({ server }: Services): void {
  if (vscode.workspace.textDocuments.some(isNote)) {
    server.wake();
  }
}

async function settingsChanged(services: Services, event: vscode.ConfigurationChangeEvent): Promise<void> {
  await setLanguages();
  const { server } = services;
  if (server.state.phase !== "asleep" && RESTART_SETTINGS.some((setting) => event.affectsConfiguration(setting))) {
    await server.restart();
  }
  wakeForOpen(services);
}

/** A folder that is trusted now may bring the server in its `.venv`. */
async function startAgain(services: Services): Promise<void> {
  if (services.server.state.phase === "failed") {
    await services.server.restart();
  }
}

/** For the `when` clauses of keys and menus. */
async function setLanguages(): Promise<void> {
  await vscode.commands.executeCommand("setContext", "doctorflan.languages", noteLanguages());
}
