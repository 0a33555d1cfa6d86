/** A server that is missing, of the wrong kind, too old, crashing or slow; a setting with a typing error. */

import assert from "node:assert/strict";
import path from "node:path";
import { putExample } from "../lib/notes.mjs";
import { wrappers } from "../lib/wrappers.mjs";

export const prepare = async ({ languageServer }) => {
  const programs = await wrappers(languageServer);
  return {
    programs,
    settings: { "doctorflan.language": "zh", "doctorflan.server.path": path.join(programs.folder, "absent") },
    files: (folder) => putExample(folder),
    close: () => programs.close(),
  };
};

export async function run({ workbench: w, server, settings, prepared, languageServer }) {
  const { programs } = prepared;
  const use = (more) => server.writeSettings({ ...settings, ...more });
  const dismiss = () => w.command("Notifications: Clear All Notifications");
  await w.openFile("头晕.note");
  await tells(w, /doctorflan\.server\.path 为 .*absent，但那里没有可运行的程序/, "打开设置", "70-bad-path");
  await keepsText(w, "第一句。");
  await dismiss();

  await use({ "doctorflan.server.path": programs.old });
  await tells(w, /doctorflan-ls 0\.0\.9 版本过旧/, "复制升级命令", "72-too-old");
  await dismiss();

  await use({ "doctorflan.server.path": programs.crashing });
  await tells(w, /服务在启动时退出（退出码 3）：no space left on device/, "重启", "73-crash-at-start");
  await keepsText(w, "第二句。");
  await dismiss();

  await use({ "doctorflan.server.path": programs.other });
  await w.statusSays(/正在启动/);
  await w.statusSays(/仍在启动，可以继续书写/, 15_000);
  await keepsText(w, "第三句。");

  await use({ "doctorflan.server.path": programs.slow });
  await w.statusSays(/仍在启动，可以继续书写/, 15_000);
  await w.shot("74-slow-start");
  await w.statusSays(/skeleton/, 30_000);

  await use({ "doctorflan.server.path": languageServer, "doctorflan.draft.lenguage": "zh" });
  const typo = await w.notified(/draft\.lenguage/);
  assert.match(await typo.textContent(), /draft\.language/);
  await w.shot("75-misspelt-setting");
}

async function tells(w, pattern, button, shot) {
  const toast = await w.notified(pattern);
  await toast.locator(".monaco-button, a", { hasText: button }).first().waitFor();
  await w.statusSays(/未运行/);
  await w.shot(shot);
}

async function keepsText(w, text) {
  await w.append("头晕.note", text);
}
