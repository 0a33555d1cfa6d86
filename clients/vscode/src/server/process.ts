/** Starting the server's process and asking a program for its version. */

import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { createInterface } from "node:readline";

const VERSION_TIMEOUT = 20_000;
const KILL_AFTER = 3_000;

export interface Started {
  process: ChildProcessWithoutNullStreams;
  /** Resolves when the process has ended, with its last line of standard error. */
  ended: Promise<Ended>;
}

export interface Ended {
  code: number | null;
  lastLine: string;
}

/** Whether `command` can be run at all. */
export async function isExecutable(command: string): Promise<boolean> {
  try {
    await access(command, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What `command --version` prints; empty where it fails or says nothing within 20 s. */
export function versionOutput(command: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, ["--version"], { timeout: VERSION_TIMEOUT, windowsHide: true }, (error, output) => {
      resolve(error === null ? output : "");
    });
  });
}

/** Rejects where the program cannot be started. `log` gets each line of standard error. */
export function startServer(command: string, args: readonly string[], log: (line: string) => void): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe", windowsHide: true });
    let lastLine = "";
    createInterface({ input: child.stderr }).on("line", (line) => {
      lastLine = line.trim() === "" ? lastLine : line;
      log(line);
    });
    // Writing to a server that just died fails; that it died is told by its end.
    child.stdin.on("error", () => undefined);
    const ended = new Promise<Ended>((end) => {
      child.once("close", (code) => {
        end({ code, lastLine });
      });
    });
    child.once("error", reject);
    child.once("spawn", () => {
      resolve({ process: child, ended });
    });
  });
}

/** Ends a server that did not leave after `shutdown` and `exit`. */
export async function ensureEnded(started: Started): Promise<void> {
  const timer = setTimeout(() => started.process.kill("SIGKILL"), KILL_AFTER);
  started.process.stdin.end();
  await started.ended;
  clearTimeout(timer);
}
