/** A server killed in the middle of a draft comes back; one that dies over and over is not restarted. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { putExample } from "../lib/notes.mjs";
import { withSlowModel } from "../lib/slowModel.mjs";
import { until } from "../lib/workbench.mjs";
import { wrappers } from "../lib/wrappers.mjs";

export const prepare = async ({ languageServer }) => {
  const slow = await withSlowModel({ pause: 250 });
  const programs = await wrappers(languageServer);
  return {
    programs,
    settings: { "doctorflan.language": "zh", ...slow.settings, "doctorflan.server.path": programs.counted },
    files: (folder) => putExample(folder),
    close: () => Promise.all([slow.close(), programs.close()]),
  };
};

export async function run({ workbench: w, prepared }) {
  const { programs } = prepared;
  await w.openFile("头晕.note");
  await w.statusSays(/e2e-slow/);
  await w.press("Control+Alt+KeyD", "KeyD");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "治疗方案" }).waitFor();
  await w.insert("治疗方案");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  const frame = await w.frameWith(".text.streaming");
  await until(async () => /测试模型/.test(await frame.textContent("main")), 30_000);
  const killed = await kill(programs);
  await frame.waitForSelector(".text.failed");
  assert.match(await frame.textContent(".notice.failed"), /服务在起草途中退出；已写出的内容保留在下方/);
  assert.match(await frame.textContent(".text.failed"), /测试模型/);
  await w.shot("80-crash-in-draft");
  await w.statusSays(/e2e-slow/);
  await until(async () => (await pidOf(programs)) !== killed, 10_000, async () => "no new server");
  await frame.click('[data-action="regenerate"]');
  await frame.waitForSelector(".text.ready", { timeout: 60_000 });

  for (let count = 0; count < 4; count += 1) {
    const last = await kill(programs);
    if (count < 3) {
      await until(async () => (await pidOf(programs)) !== last, 20_000, async () => `no server after crash ${count + 2}`);
      await w.statusSays(/e2e-slow/, 20_000);
    }
  }
  const toast = await w.notified(/三分钟内退出 5 次，不再自动启动/);
  await w.append("头晕.note", "照常书写。");
  await w.shot("81-crashing");
  await toast.locator(".monaco-button, a", { hasText: "重启" }).first().click();
  await w.statusSays(/e2e-slow/);
}

async function pidOf(programs) {
  return Number(await readFile(programs.pid, "utf8"));
}

async function kill(programs) {
  const pid = await pidOf(programs);
  process.kill(pid, "SIGKILL");
  return pid;
}
