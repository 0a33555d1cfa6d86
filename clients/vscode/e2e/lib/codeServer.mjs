/** One code-server with its own folders, the packaged extension installed, and its settings. */

import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const ALWAYS = {
  "chat.disableAIFeatures": true,
  "files.autoSave": "off",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.ignoreRecommendations": true,
  "editor.minimap.enabled": false,
  "editor.fontFamily": "'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace",
  "window.restoreWindows": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
};

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * `settings` go beside those every test needs. `environment` is added to the server's. The result
 * has `url`, `folder` (the workspace), `writeSettings` and `close`.
 */
export async function startCodeServer({ program, vsix, settings, environment = {}, trust = false }) {
  const base = await mkdtemp(path.join(tmpdir(), "doctorflan-e2e-"));
  const [user, extensions, config, state] = ["user", "extensions", "config", "state"].map((name) => path.join(base, name));
  const folder = path.join(base, "notes");
  await Promise.all([user, extensions, config, state, folder].map((each) => mkdir(each, { recursive: true })));
  const env = { ...process.env, ...environment, XDG_CONFIG_HOME: config, XDG_STATE_HOME: state, EXTENSIONS_GALLERY: '{"serviceUrl":""}' };
  delete env.VIRTUAL_ENV;
  const writeSettings = async (more) => {
    const all = { ...ALWAYS, ...(trust ? { "security.workspace.trust.enabled": true } : {}), ...more };
    for (const place of ["User", "Machine"]) {
      await mkdir(path.join(user, place), { recursive: true });
      await writeFile(path.join(user, place, "settings.json"), JSON.stringify(all, null, 2));
    }
  };
  await writeSettings(settings);
  const folders = ["--user-data-dir", user, "--extensions-dir", extensions];
  await run(program, [...folders, "--install-extension", vsix], { env });
  const port = await freePort();
  const args = [...folders, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check"];
  const child = spawn(program, trust ? args : [...args, "--disable-workspace-trust"], { env, stdio: "ignore", detached: true });
  await answering(`http://127.0.0.1:${port}/healthz`);
  return {
    folder,
    base,
    writeSettings,
    url: `http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`,
    logs: path.join(user, "logs"),
    async close() {
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch {
        // It has ended already.
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      await rm(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

export async function copyInto(folder, files) {
  for (const [name, source] of Object.entries(files)) {
    await cp(source, path.join(folder, name));
  }
}

async function answering(url) {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    try {
      const answer = await fetch(url);
      if (answer.ok) {
        return;
      }
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${url} did not answer within a minute`);
}
