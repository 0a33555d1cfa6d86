/** By keyboard alone, in high contrast, with names that a screen reader can say. */

import assert from "node:assert/strict";
import { putExample } from "../lib/notes.mjs";
import { until } from "../lib/workbench.mjs";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh", "workbench.colorTheme": "Default High Contrast" },
  files: (folder) => putExample(folder),
});

export async function run({ workbench: w }) {
  await w.openFile("头晕.note");
  await w.statusSays(/skeleton/);
  await w.press("Control+Alt+KeyD", "KeyD");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "治疗方案" }).waitFor();
  await w.insert("治疗方案");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  const frame = await w.frameWith(".text.ready");
  await w.page.waitForTimeout(500);
  const focused = () => frame.evaluate(() => document.activeElement?.getAttribute("data-action") ?? document.activeElement?.className ?? "");
  await until(async () => (await focused()) === "insert", 5_000, async () => `the focus is on ${await focused()}`);
  await w.shot("95-high-contrast");
  await names(frame);
  await w.press("Shift+Tab", "Shift+Tab");
  assert.match(await frame.evaluate(() => document.activeElement.textContent), /病历中的依据|\[\d+\]/);
  await w.press("Control+Enter");
  await frame.waitForSelector('[data-action="accept"]');
  await until(async () => (await focused()) === "accept", 5_000, async () => `after Insert the focus is on ${await focused()}`);
  await w.press("Enter");
  await until(async () => (await frame.$('[data-action="accept"]')) === null, 10_000, async () => "Enter on Accept did nothing");
  await w.openFile("头晕.note");
  await w.save();
  const saved = await w.saved("头晕.note");
  assert.doesNotMatch(saved, /〔DoctorFLAN/);
  assert.match(saved, /诊断：\n1\. 高血压2级/);
  await w.press("Control+Alt+KeyD", "KeyS");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "哪些内容会离开本机" }).waitFor();
  await w.page.waitForTimeout(500);
  await w.shot("96-menu");
}

async function names(frame) {
  const unnamed = await frame.evaluate(() =>
    [...document.querySelectorAll("button, textarea, main, [role=toolbar]")]
      .filter((each) => !(each.getAttribute("aria-label") ?? each.textContent) && !document.querySelector(`label[for="${each.id}"]`))
      .map((each) => each.outerHTML),
  );
  assert.deepEqual(unnamed, []);
  assert.equal(await frame.getAttribute("[aria-live]", "aria-live"), "polite");
  assert.match(await frame.textContent("[aria-live]"), /草稿已完成；病历中没有的内容：\d+ 项/);
  assert.match(await frame.getAttribute("button.reference", "aria-label"), /^依据 1：第 20 行：/);
}
