/** Opening a note, and writing in it: outline, folding, findings, marks, `/` tasks, ghost text. */

import assert from "node:assert/strict";
import { example, put, standing } from "../lib/notes.mjs";
import { until } from "../lib/workbench.mjs";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh" },
  files: async (folder) => {
    await put(folder, "头晕.note", `${await example()}\n${standing("0a1b2c3d")}`);
    await put(folder, "门诊.note", `${await example()}\n\n`);
    await put(folder, "过敏.note", `${await example()}\n`);
  },
});

export async function run({ workbench: w }) {
  await w.openFile("头晕.note");
  await w.statusSays(/skeleton/);
  await structure(w);
  await tasks(w);
  await ghost(w);
}

async function structure(w) {
  await w.command("Outline: Focus on Outline View");
  await w.page.waitForSelector('.outline-tree .monaco-list-row:has-text("现病史")');
  const marks = w.page.locator('.view-lines span[class*="dyn-rule"]');
  await until(async () => /↑/.test((await w.page.locator(".view-lines").textContent()) ?? ""), 20_000, async () => "no mark behind a high value");
  assert.ok((await marks.count()) > 0);
  await w.page.waitForSelector(".codelens-decoration");
  await w.page.waitForSelector(".squiggly-info, .squiggly-warning, .squiggly-error");
  await w.command("View: Focus Problems");
  await w.page.waitForTimeout(800);
  await w.shot("01-note-outline-findings-marks");
  await w.command("View: Toggle Panel Visibility");
  await w.openFile("头晕.note");
  const before = await w.page.locator(".view-lines .view-line").count();
  await w.command("Fold All");
  await until(async () => (await w.page.locator(".view-lines .view-line").count()) < before, 10_000, async () => "nothing folded");
  await w.shot("02-note-folded");
  await w.command("Unfold All");
}

async function tasks(w) {
  for (const [typed, title] of [["鉴别", "鉴别诊断"], ["blzj", "病例总结"], ["follow", "随访计划"]]) {
    await w.openFile("门诊.note");
    await w.press("Control+End");
    await w.type("/", 120);
    await (/^[a-z]/.test(typed) ? w.type(typed, 120) : w.insert(typed));
    const row = w.page.locator(".suggest-widget .monaco-list-row", { hasText: title }).first();
    await row.waitFor({ timeout: 15_000 });
    await w.page.waitForTimeout(300);
    await w.shot(`03-task-by-${typed}`);
    await w.press("Escape");
    await w.command("File: Revert File");
  }
  await w.openFile("门诊.note");
  await w.press("Control+End");
  await w.type("/blzj", 120);
  await w.page.locator(".suggest-widget .monaco-list-row", { hasText: "病例总结" }).first().waitFor();
  await w.page.waitForTimeout(400);
  await w.press("Enter");
  await w.page.waitForTimeout(800);
  await w.save();
  const saved = await w.saved("门诊.note");
  assert.match(saved, /〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 1｜#\w+〕\n主诉：反复头晕3个月/);
  assert.doesNotMatch(saved, /\/blzj/);
  await w.shot("04-task-completed");
  await w.press("Control+KeyZ");
  await w.page.waitForTimeout(300);
  await w.save();
  assert.doesNotMatch(await w.saved("门诊.note"), /〔DoctorFLAN/);
}

async function ghost(w) {
  await w.openFile("过敏.note");
  await w.press("Control+End");
  await w.page.waitForTimeout(500);
  await w.insert("过敏史");
  await w.type("：", 50);
  await w.page.waitForTimeout(200);
  await w.command("Trigger Inline Suggestion");
  await w.page.waitForSelector(".ghost-text-decoration, .ghost-text, .ghost-text-decoration-preview", { timeout: 15_000 });
  await w.shot("05-ghost-text");
  await w.press("Tab");
  await w.page.waitForTimeout(300);
  await w.save();
  assert.match(await w.saved("过敏.note"), /\n过敏史：对磺胺类药物过敏（皮疹）/);
}
