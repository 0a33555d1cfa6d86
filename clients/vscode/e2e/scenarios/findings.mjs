/** A finding dismissed with a reason and shown again; a calculator's line, which is not made again. */

import assert from "node:assert/strict";
import { put, standing } from "../lib/notes.mjs";
import { until } from "../lib/workbench.mjs";

const NOTE = "门诊病历\n主诉：反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天\n";
const CALCULATED = standing("0a1b2c3d", "体质指数：24.2 kg/m²", "体质指数｜calculator/bmi｜calculator 1");

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh" },
  files: async (folder) => {
    await put(folder, "咳嗽.note", NOTE);
    await put(folder, "计算.note", `体格检查：身高170cm，体重70kg。\n\n${CALCULATED}\n${standing("11223344")}`);
  },
});

export async function run({ workbench: w }) {
  await w.openFile("咳嗽.note");
  await w.statusSays(/skeleton/);
  await dismiss(w);
  await restore(w);
  assert.equal(await w.saved("咳嗽.note"), NOTE);
  await calculated(w);
}

async function problems(w) {
  await w.command("View: Focus Problems");
  await w.page.locator(".markers-panel").first().waitFor();
  const text = (await w.page.locator(".markers-panel").first().textContent()) ?? "";
  await w.openFile("咳嗽.note");
  return text;
}

async function finding(w, shown) {
  await until(async () => /主诉有25个字符/.test(await problems(w)) === shown, 20_000, async () => `the finding should be ${shown ? "there" : "gone"}: ${await problems(w)}`);
}

async function dismiss(w) {
  await finding(w, true);
  for (const keys of [["Escape"], ["ArrowDown", "Enter"]]) {
    await w.goToLine(2, 10);
    await (await w.lightbulb("ZA-04：提示有误")).click();
    const rows = w.page.locator(".quick-input-list .monaco-list-row");
    await rows.filter({ hasText: "不适用于本例" }).waitFor();
    assert.match((await rows.first().textContent()) ?? "", /提示有误/);
    await w.page.waitForTimeout(300);
    await w.shot("25-dismiss-reason");
    await w.press(...keys);
    await w.page.waitForTimeout(600);
    await finding(w, keys[0] === "Escape");
  }
}

async function restore(w) {
  await w.command("DoctorFLAN: Show dismissed findings again");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "本病历" }).first().waitFor();
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  await w.notified(/已恢复1条/);
  await finding(w, true);
}

async function calculated(w) {
  await w.openFile("计算.note");
  const lenses = w.page.locator(".codelens-decoration");
  await until(async () => (await lenses.count()) === 2, 20_000, async () => `${await lenses.count()} lenses`);
  assert.deepEqual(await Promise.all([0, 1].map(async (at) => (await lenses.nth(at).locator("a").count()))), [2, 3]);
  for (const [line, offered] of [[4, false], [8, true]]) {
    await w.goToLine(line);
    await w.page.waitForTimeout(1_000);
    await w.ask("F1", ">DoctorFLAN: Regenerate draft");
    const found = await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "Regenerate draft" }).count();
    assert.equal(found > 0, offered, `line ${line}`);
    await w.press("Escape");
  }
  await w.press("Control+Alt+KeyD", "KeyN");
  const row = w.page.locator('.pane-body .monaco-list-row:has-text("calculator 1")');
  await row.waitFor({ timeout: 15_000 });
  await row.hover();
  await w.page.waitForTimeout(400);
  await w.shot("26-calculated");
  assert.equal(await row.locator(".codicon-check").count(), 1);
  assert.equal(await row.locator(".codicon-refresh").count(), 0);
}
