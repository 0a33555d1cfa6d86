/** Accept, Discard with a reason, Regenerate, by key, by lens and in the panel; one undo each. */

import assert from "node:assert/strict";
import { example, put, standing } from "../lib/notes.mjs";
import { until } from "../lib/workbench.mjs";

const ID = "0a1b2c3d";
const OTHER = "11223344";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh" },
  files: async (folder) => {
    await put(folder, "甲.note", `${await example()}\n${standing(ID)}`);
    await put(folder, "乙.note", `${await example()}\n${standing(OTHER)}`);
  },
});

export async function run({ workbench: w }) {
  await w.openFile("甲.note");
  await w.statusSays(/skeleton/);
  const before = await w.saved("甲.note");
  await panel(w);
  await discard(w, before);
  await accept(w, before);
  await regenerate(w);
}

async function panel(w) {
  await w.press("Control+Alt+KeyD", "KeyN");
  const row = w.page.locator('.pane-body .monaco-list-row:has-text("病例总结")');
  await row.waitFor({ timeout: 15_000 });
  await w.page.waitForSelector(".activitybar .badge-content:text-is('1')");
  await row.hover();
  await w.page.waitForTimeout(400);
  await w.shot("20-panel");
  await row.click();
  await w.page.waitForTimeout(1_000);
}

async function discard(w, before) {
  await w.goToLine(26);
  await w.page.waitForSelector(".codelens-decoration a");
  await w.page.locator(".codelens-decoration a", { hasText: "放弃" }).first().click();
  await w.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await w.page.waitForTimeout(300);
  await w.shot("21-discard-reason");
  await w.press("Escape");
  await w.save();
  assert.equal(await w.saved("甲.note"), before, "Escape keeps the draft");
  await w.goToLine(26);
  await w.press("Control+Alt+KeyD", "KeyX");
  await w.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await w.press("Enter");
  await until(async () => (await w.save(), !(await w.saved("甲.note")).includes(ID)), 10_000, async () => "the draft was not discarded");
  assert.equal(await w.saved("甲.note"), `${await example()}\n`);
  await w.undo("甲.note");
  await w.savedAs("甲.note", before, "one undo brings the draft back");
}

async function accept(w, before) {
  await w.goToLine(26);
  await w.press("Control+Alt+KeyD", "KeyA");
  await until(async () => (await w.save(), !(await w.saved("甲.note")).includes("〔DoctorFLAN")), 10_000, async () => "the draft was not accepted");
  assert.match(await w.saved("甲.note"), /主诉：头晕3个月\n建议：［待补充：检查］\n$/);
  await w.shot("22-accepted");
  await w.undo("甲.note");
  await w.savedAs("甲.note", before, "one undo brings the marks back");
}

async function regenerate(w) {
  await w.openFile("乙.note");
  await w.goToLine(26);
  await w.press("Control+Alt+KeyD", "KeyR");
  const frame = await w.frameWith(".text.ready");
  await w.shot("23-regenerate");
  await frame.click('[data-action="insert"]');
  await w.page.waitForTimeout(500);
  await w.openFile("乙.note");
  await w.save();
  const saved = await w.saved("乙.note");
  assert.ok(!saved.includes(OTHER), "the old draft is replaced");
  assert.equal(saved.match(/草稿 待审核/g).length, 1);
  assert.match(saved, /空腹血糖 8.9mmol\/L ↑/);
  await frame.waitForSelector('[data-action="accept"]');
  await frame.click('[data-action="accept"]');
  await frame.waitForSelector('[data-action="accept"]', { state: "detached" });
  await w.press("Control+Digit1");
  await until(async () => (await w.save(), !(await w.saved("乙.note")).includes("〔DoctorFLAN")), 10_000, async () => "Accept in the preview did nothing");
}
