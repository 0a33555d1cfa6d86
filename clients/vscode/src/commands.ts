/** Every command of the extension; what it does is loaded when it is first used. */

import * as vscode from "vscode";
import type { Preview } from "./drafts/preview";
import type { FolderCheck } from "./folder/check";
import { ACCEPT, DISCARD, DISMISS, REGENERATE, RESTORE } from "./review/ids";
import { OPEN_DRAFT, openDraft, type DraftNode, type NotesTree } from "./review/tree";
import type { Services } from "./services";
import { MENU } from "./views/statusItem";

type Command = (argument?: unknown) => unknown;

export function registerCommands(services: Services, tree: NotesTree): vscode.Disposable[] {
  const all = { ...draftCommands(services), ...reviewCommands(services, tree), ...viewCommands(services, tree) };
  return Object.entries(all).map(([id, run]) => vscode.commands.registerCommand(id, run));
}

function draftCommands(services: Services): Record<string, Command> {
  const preview = async (): Promise<Preview | undefined> => (await import("./drafts/preview")).Preview.active;
  return {
    "doctorflan.drafts.new": async () => (await import("./drafts/commands")).draftTask(services),
    "doctorflan.drafts.run": async (data) => (await import("./drafts/commands")).runOrder(services, data),
    "doctorflan.drafts.insert": async () => (await preview())?.insertLatest(),
    "doctorflan.drafts.stop": async () => (await preview())?.received({ type: "stop" }),
    "doctorflan.drafts.again": async () => (await preview())?.received({ type: "regenerate" }),
    "doctorflan.drafts.focusPreview": async () => {
      (await preview())?.reveal();
    },
  };
}

function reviewCommands(services: Services, tree: NotesTree): Record<string, Command> {
  return {
    [ACCEPT]: async (from) => (await import("./review/commands")).acceptStanding(services, from),
    [DISCARD]: async (from) => (await import("./review/commands")).discardStanding(services, from),
    [REGENERATE]: async (from) => (await import("./drafts/commands")).regenerateStanding(services, from),
    [DISMISS]: async (from) => (await import("./review/findings")).dismissFinding(services, from),
    [RESTORE]: async () => (await import("./review/findings")).restoreFindings(services),
    [OPEN_DRAFT]: (node) => openDraft(node as DraftNode),
    "doctorflan.notes.refresh": () => {
      tree.refreshSoon();
    },
  };
}

function viewCommands(services: Services, tree: NotesTree): Record<string, Command> {
  let folder: FolderCheck | undefined;
  const folderCheck = async (): Promise<FolderCheck> => {
    const { FolderCheck: Check } = await import("./folder/check");
    if (folder === undefined) {
      folder = new Check(services, (drafts) => {
        tree.setChecked(drafts);
      });
      services.context.subscriptions.push(folder);
    }
    return folder;
  };
  return {
    "doctorflan.check.folder": async () => (await folderCheck()).run(),
    "doctorflan.outgoing.show": async () => (await import("./views/outgoing")).showOutgoing(services),
    "doctorflan.server.restart": () => services.server.restart(),
    "doctorflan.log.show": () => {
      services.output.show();
    },
    "doctorflan.welcome.open": async () => (await import("./welcome")).openWelcome(),
    "doctorflan.example.open": async () => (await import("./welcome")).openExample(services),
    [MENU]: async () => (await import("./views/menu")).showMenu(services),
  };
}
