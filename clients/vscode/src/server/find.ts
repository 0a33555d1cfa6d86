/** Finds the server to start among the places where it may be. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import { candidates, type Candidate } from "./locate";
import { isExecutable } from "./process";
import type { Problem } from "./problem";
import { activePython } from "./python";

export type Found = { candidate: Candidate } | { problem: Problem };

export async function findServer(): Promise<Found> {
  const setting = vscode.workspace.getConfiguration("doctorflan").get<string>("server.path", "");
  const around = {
    setting,
    python: setting === "" ? await activePython() : undefined,
    trustedFolders: vscode.workspace.isTrusted ? localFolders() : [],
    environment: process.env,
    home: homedir(),
    platform: process.platform,
  };
  for (const candidate of candidates(around)) {
    if (await isExecutable(candidate.command)) {
      return { candidate };
    }
  }
  return { problem: setting === "" ? { kind: "missing" } : { kind: "bad-path", path: setting } };
}

function localFolders(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath);
}
