/** The real language server, started for the tests and ended with them. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const PROGRAM = process.env.DOCTORFLAN_LS ?? "doctorflan-ls";
const STARTS_WITHIN_MS = 30_000;

export const TOKEN = "end-to-end-token";

/** What a server remembers of findings that were put aside: not in the user's own folder. */
const STATE = mkdtempSync(path.join(tmpdir(), "clinical-note-state-"));
process.on("exit", () => rmSync(STATE, { recursive: true, force: true }));

async function started(args, ready) {
  const env = { ...process.env, DOCTORFLAN_PLUGINS: "", DOCTORFLAN_TOKEN: TOKEN, LC_ALL: "C.UTF-8", XDG_STATE_HOME: STATE };
  // Ours, not a setting of the server's, which reads all that are named so.
  delete env.DOCTORFLAN_LS;
  const child = spawn(PROGRAM, args, { env });
  let said = "";
  const found = new Promise((resolve, reject) => {
    const read = (data) => {
      said += data;
      const match = ready.exec(said);
      if (match) {
        resolve(match);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    setTimeout(() => reject(new Error(`the server did not start: ${said}`)), STARTS_WITHIN_MS).unref();
  });
  const match = await found;
  const kill = async (signal = "SIGKILL") => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
  };
  return { match, kill, pid: child.pid };
}

/** `doctorflan-ls demo --web`: the page's address with its token, and the port. */
export async function startDemo({ port = 0, settings = [] } = {}) {
  const options = settings.flatMap((each) => ["--set", each]);
  const args = [...options, "demo", "--web", "--no-browser", "--port", String(port)];
  const { match, kill } = await started(args, /(http:\/\/127\.0\.0\.1:(\d+)\/)#token=\S+/);
  return { url: match[0], page: match[1], port: Number(match[2]), kill };
}

/** `doctorflan-ls --ws`: the address for editors in other pages. */
export async function startSocket(origin) {
  const { match, kill } = await started(["--ws", "127.0.0.1:0", "--origin", origin], /ws:\/\/127\.0\.0\.1:\d+/);
  return { url: match[0], kill };
}
