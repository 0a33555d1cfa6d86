/** The Python environment that the Python extension has active, if that extension is there. */

import * as vscode from "vscode";

interface EnvironmentPath {
  path: string;
}

/** The part of the Python extension's public API that is used here. */
interface PythonApi {
  ready?: Promise<void>;
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): EnvironmentPath;
  };
}

const PATIENCE = 3_000;

/** Interpreter or folder of the active environment; undefined without the extension or an answer. */
export async function activePython(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  const limit = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined));
  return Promise.race([asked(extension), limit]);
}

async function asked(extension: vscode.Extension<PythonApi>): Promise<string | undefined> {
  try {
    const api = await extension.activate();
    await api.ready;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    return api.environments?.getActiveEnvironmentPath(folder).path;
  } catch {
    return undefined;
  }
}
