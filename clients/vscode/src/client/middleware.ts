/** Where this extension does otherwise than a plain language client. */

import * as vscode from "vscode";
import type { LanguageClient, Middleware } from "vscode-languageclient/node";
import { dismissingAction, isOrder, previewedAction, reviewedAction, RUN, usesSidePreview } from "../drafts/actions";
import { SERVER_TO_OWN } from "../review/ids";
import { explicitSettings, SECTION } from "./configuration";

/** What the commands of this extension that take an action's place begin with. */
const OWN = ["doctorflan.drafts.", "doctorflan.review.", "doctorflan.findings."];

/** `client` gives the client that this middleware is of; `told` is called once the server has new settings. */
export function middleware(client: () => LanguageClient, told: () => void): Middleware {
  return {
    async provideCodeActions(document, range, context, token, next) {
      const actions = await next(document, range, context, token);
      return actions?.map((action) => (action instanceof vscode.CodeAction ? replaced(action) : action));
    },
    resolveCodeAction(action, token, next) {
      // Nothing to ask the server for: the command of an action of ours does it.
      return isOwn(action) ? action : next(action, token);
    },
    async provideCodeLenses(document, token, next) {
      const lenses = await next(document, token);
      return lenses?.map(ownLens);
    },
    executeCommand(command, args: unknown[], next): unknown {
      const [order] = args;
      // A completion of a task: its draft belongs into the preview, like any other.
      return command === "doctorflan.draft" && isOrder(order) && usesSidePreview()
        ? vscode.commands.executeCommand(RUN, order)
        : next(command, args);
    },
    workspace: {
      configuration(params, token, next) {
        if (params.items.every((item) => item.section === SECTION)) {
          told();
          return params.items.map((item) =>
            explicitSettings(item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri)),
          );
        }
        return next(params, token);
      },
      didChangeConfiguration() {
        return client().sendNotification("workspace/didChangeConfiguration", {
          settings: { [SECTION]: explicitSettings() },
        });
      },
    },
  };
}

function replaced(action: vscode.CodeAction): vscode.CodeAction {
  return previewedAction(action) ?? reviewedAction(action) ?? dismissingAction(action) ?? action;
}

function isOwn(action: vscode.CodeAction): boolean {
  return OWN.some((prefix) => action.command?.command.startsWith(prefix) === true);
}

/** The lens with this extension's command, which asks for a reason, in place of the server's. */
function ownLens(lens: vscode.CodeLens): vscode.CodeLens {
  const own = lens.command === undefined ? undefined : SERVER_TO_OWN[lens.command.command];
  if (lens.command === undefined || own === undefined) {
    return lens;
  }
  return new vscode.CodeLens(lens.range, { ...lens.command, command: own });
}
