/** Checking a whole folder: notes that are not open, a binary file, one that is too large. */

import assert from "node:assert/strict";
import { example, put, standing } from "../lib/notes.mjs";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh", "doctorflan.check.include": ["txt"] },
  files: async (folder) => {
    await put(folder, "一.note", await example());
    await put(folder, "二.emr", `${(await example()).replace(/既往史[^\n]*\n/, "")}\n${standing("0a1b2c3d")}`);
    await put(folder, "三.txt", "主诉：咳嗽、咳痰、发热、胸痛、气促、乏力、纳差伴体重下降3个月余加重1周。\n");
    await put(folder, "照片.note", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]));
    await put(folder, "导出.note", "病".repeat(2_000_000));
  },
});

export async function run({ workbench: w }) {
  await w.statusSays(/skeleton/);
  await w.press("Control+Alt+KeyD", "KeyC");
  const toast = await w.notified(/已检查 3 份病历/, 60_000);
  const text = await toast.textContent();
  assert.match(text, /1 份草稿待审核，跳过 2 个文件/);
  await w.shot("40-folder-checked");
  await toast.locator("a, .monaco-button", { hasText: "显示问题" }).first().click();
  await w.page.waitForSelector('.markers-panel .monaco-list-row:has-text("二.emr")');
  await w.press("Control+Alt+KeyD", "KeyN");
  await w.page.locator('.sidebar .monaco-list-row:has-text("病例总结")').waitFor();
  await w.page.waitForTimeout(500);
  await w.shot("41-folder-problems");
  const count = w.page.locator('.markers-panel .monaco-list-row:has-text("二.emr") .monaco-count-badge');
  assert.equal((await count.textContent()).trim(), "3");
  await w.openFile("二.emr");
  await w.page.waitForSelector(".squiggly-error");
  await w.page.waitForTimeout(1_000);
  assert.equal((await count.textContent()).trim(), "3", "an open note's findings are listed once");
}
