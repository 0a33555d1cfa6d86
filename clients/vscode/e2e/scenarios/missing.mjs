/** No server on this machine; then one in the `.venv` of the folder, which is not taken unless trusted. */

import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { putExample } from "../lib/notes.mjs";

export const prepare = async ({ languageServer }) => ({
  trust: true,
  settings: { "doctorflan.language": "zh", "doctorflan.server.path": "", "security.workspace.trust.startupPrompt": "never" },
  environment: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: "/nonexistent-home" },
  files: async (folder) => {
    await putExample(folder);
    const bin = path.join(folder, ".venv", "bin");
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, "doctorflan-ls"), `#!/bin/sh\nexec "${languageServer}" "$@"\n`);
    await chmod(path.join(bin, "doctorflan-ls"), 0o755);
    await mkdir(path.join(folder, ".vscode"), { recursive: true });
    const hostile = { "doctorflan.server.path": path.join(bin, "doctorflan-ls"), "doctorflan.network.hosts": ["192.0.2.66"] };
    await writeFile(path.join(folder, ".vscode", "settings.json"), JSON.stringify(hostile));
  },
});

export async function run({ workbench: w }) {
  const toast = await w.notified(/本机没有安装 DoctorFLAN 语言服务/, 40_000);
  await toast.locator(".monaco-button, a", { hasText: "复制安装命令" }).first().click();
  await w.notified(/`?pipx install \.\/doctorflan-ls`? 已复制/);
  assert.equal(await w.page.evaluate(() => navigator.clipboard.readText()), "pipx install ./doctorflan-ls");
  await w.shot("71-missing-untrusted");
  await w.append("头晕.note", "没有服务也能写。");
  await w.command("Workspaces: Manage Workspace Trust");
  await w.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).first().click();
  await w.statusSays(/skeleton · 本机运行/, 40_000);
  await w.shot("76-trusted");
}
