/** A draft in the side preview: streaming, stopped, asked about three times, inserted, undone. */

import assert from "node:assert/strict";
import { putExample } from "../lib/notes.mjs";
import { withSlowModel } from "../lib/slowModel.mjs";
import { until } from "../lib/workbench.mjs";

export const prepare = async () => {
  const slow = await withSlowModel({ pause: 250 });
  return {
    ...slow,
    settings: { "doctorflan.language": "zh", ...slow.settings },
    files: (folder) => putExample(folder),
  };
};

export async function run({ workbench: w, prepared }) {
  await w.openFile("头晕.note");
  await w.statusSays(/e2e-slow/);
  const untouched = await w.saved("头晕.note");
  const frame = await lightbulb(w);
  await stopped(w, frame, prepared.model, untouched);
  await evidence(w, frame);
  await conversation(w, frame);
  await inserted(w, frame, untouched);
}

async function lightbulb(w) {
  await w.goToLine(5);
  await w.press("Shift+End");
  await w.lightbulb("病例总结");
  await w.page.waitForTimeout(400);
  await w.shot("10-lightbulb");
  await w.press("Escape");
  await w.press("Control+Home");
  await w.press("Control+Alt+KeyD", "KeyD");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "治疗方案" }).waitFor();
  await w.insert("治疗方案");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  return w.frameWith(".text.streaming");
}

async function stopped(w, frame, model, untouched) {
  await until(async () => /测试模型/.test(await frame.textContent("main")), 30_000, async () => `the model's words never came: ${await frame.textContent("main")}`);
  await w.shot("11-streaming");
  await frame.click('[data-action="stop"]');
  await frame.waitForSelector(".text.stopped");
  await until(() => model.state.stopped > 0, 5_000, async () => "the model was not stopped");
  const partial = await frame.textContent(".text.stopped");
  assert.ok(partial.length > 20, "the partial text stays");
  await w.page.waitForTimeout(800);
  assert.equal(await frame.textContent(".text.stopped"), partial, "nothing more comes after Stop");
  await w.shot("12-stopped");
  await w.save();
  assert.equal(await w.saved("头晕.note"), untouched);
}

async function evidence(w, frame) {
  await frame.click('[data-action="regenerate"]');
  await frame.waitForSelector(".text.ready", { timeout: 60_000 });
  assert.ok((await frame.locator("mark.gap").count()) > 0);
  assert.ok((await frame.locator(".list.gaps li").count()) > 0);
  await frame.click("button.reference >> nth=2");
  await w.page.waitForTimeout(500);
  await w.shot("13-evidence-jump");
  const lines = w.page.locator(".editor-instance .cdr.selected-text, .editor-instance [class*='ced-']");
  await until(async () => (await lines.count()) > 0, 5_000, async () => "nothing in the note is lit");
}

async function conversation(w, frame) {
  for (const [index, question] of ["考虑肾功能，二甲双胍剂量是否合适？", "血压控制目标是多少？", "什么情况需要转诊？"].entries()) {
    await frame.focus("#question");
    await w.insert(question);
    await w.press("Enter");
    await frame.waitForSelector(`main > section:nth-child(${index + 2}) .text.ready`, { timeout: 60_000 });
  }
  assert.equal(await frame.locator("h2.question").count(), 3);
  await w.page.waitForTimeout(300);
  await w.shot("14-three-turns");
}

async function inserted(w, frame, untouched) {
  await frame.click("main > section:nth-child(1) [data-action='insert']");
  await w.page.waitForTimeout(700);
  await w.shot("15-inserted");
  await w.openFile("头晕.note");
  await w.save();
  const saved = await w.saved("头晕.note");
  assert.match(saved, /〔DoctorFLAN 草稿 待审核｜治疗方案｜treatment-plan｜e2e-slow 1｜#\w+〕/);
  assert.equal(saved.replace(/〔DoctorFLAN 草稿 待审核[\s\S]*〔DoctorFLAN 草稿结束｜#\w+〕\n/, ""), untouched);
  await w.undo("头晕.note");
  await w.savedAs("头晕.note", untouched, "one undo takes the draft back");
}
