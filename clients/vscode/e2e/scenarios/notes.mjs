/** A note of 5 MB, a binary file with a note's name, and two windows on one note. */

import assert from "node:assert/strict";
import { example, put, putExample } from "../lib/notes.mjs";
import { Workbench, until } from "../lib/workbench.mjs";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh" },
  files: async (folder) => {
    await putExample(folder);
    const one = await example();
    await put(folder, "大.note", one.repeat(Math.ceil(5_000_000 / Buffer.byteLength(one))));
    await put(folder, "照片.note", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1, 0, 255, 0]));
  },
});

export async function run({ workbench: w, server, browser }) {
  await large(w);
  await binary(w);
  await twoWindows(w, server, browser);
}

async function large(w) {
  await w.openFile("大.note");
  await w.statusSays(/skeleton/, 60_000);
  const before = await w.saved("大.note");
  await w.press("Control+Home");
  const began = Date.now();
  await w.type("上午复诊。");
  await until(async () => /上午复诊/.test(await w.page.locator(".view-line").first().textContent()), 10_000, async () => "typing did not show");
  console.log(`     5 MB note: five characters shown after ${Date.now() - began} ms`);
  await w.page.locator(".outline-tree .monaco-list-row").first().waitFor({ timeout: 60_000 }).catch(() => undefined);
  await w.save();
  await until(async () => (await w.saved("大.note")) === `上午复诊。${before}`, 20_000, async () => "the large note was not saved");
  await w.shot("90-large-note");
  await w.command("View: Close Editor");
}

async function binary(w) {
  await w.ask("Control+KeyP", "照片.note");
  await w.press("Enter");
  await w.page.locator(".monaco-editor-pane-placeholder, .editor-instance", { hasText: /binary/ }).first().waitFor();
  await w.statusSays(/skeleton/);
  await w.shot("91-binary");
}

async function twoWindows(w, server, browser) {
  await w.openFile("头晕.note");
  const other = await Workbench.open(browser, server, { locale: "zh", shots: w.shots });
  await other.openFile("头晕.note");
  await other.statusSays(/skeleton/);
  await w.press("Control+Alt+KeyD", "KeyD");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "病例总结" }).waitFor();
  await w.insert("病例总结");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  const frame = await w.frameWith(".text.ready");
  await frame.click('[data-action="insert"]');
  await frame.waitForSelector('[data-action="accept"]');
  await w.openFile("头晕.note");
  await w.save();
  await until(async () => (await other.page.locator(".activitybar .badge-content").count()) > 0, 20_000, async () => "the other window does not see the draft");
  await other.page.waitForTimeout(500);
  await other.shot("92-second-window");
  await w.press("Control+End");
  await w.insert("甲窗口。");
  await other.press("Control+Home");
  await other.insert("乙窗口。");
  await w.save();
  await other.page.waitForTimeout(1_000);
  await other.save();
  await other.notified(/Failed to save|The content of the file is newer/);
  assert.ok((await w.saved("头晕.note")).endsWith("甲窗口。"), "what the first window saved stays");
  assert.match(await other.page.locator(".view-line").first().textContent(), /乙窗口/, "what was typed in the second stays");
  await other.shot("93-save-conflict");
  await other.page.context().close();
}
