/** Answers the server's question for its settings. */

import * as vscode from "vscode";
import { OWN_SETTINGS, settingsForServer, type Inspected } from "./settings";

export const SECTION = "doctorflan";

export function explicitSettings(resource?: vscode.Uri): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration(SECTION, resource);
  const known = serverKeys().map((key): Inspected => {
    const found = configuration.inspect(key);
    const isSet = [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].some((value) => value !== undefined);
    return { key, value: configuration.get(key), isSet };
  });
  const everything = vscode.workspace.getConfiguration(undefined, resource).get<unknown>(SECTION);
  return settingsForServer(known, OWN_SETTINGS, plain(everything));
}

let keys: readonly string[] | undefined;

function serverKeys(): readonly string[] {
  keys ??= declaredKeys();
  return keys;
}

function declaredKeys(): string[] {
  const manifest = vscode.extensions.getExtension("doctorflan.doctorflan")?.packageJSON as
    | { contributes: { configuration: { properties: Record<string, unknown> }[] } }
    | undefined;
  const groups = manifest?.contributes.configuration ?? [];
  const all = groups.flatMap((group) => Object.keys(group.properties)).map((key) => key.slice(SECTION.length + 1));
  return all.filter((key) => !OWN_SETTINGS.includes(key));
}

/** Without the proxies that VS Code hands out. */
function plain(value: unknown): unknown {
  return value === undefined ? {} : (JSON.parse(JSON.stringify(value)) as unknown);
}
