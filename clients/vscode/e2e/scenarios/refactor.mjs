/** The other way to a draft: VS Code's own Refactor Preview. */

import assert from "node:assert/strict";
import { putExample } from "../lib/notes.mjs";

export const prepare = async () => ({
  settings: { "doctorflan.language": "zh", "doctorflan.draft.preview": "refactorPreview" },
  files: (folder) => putExample(folder),
});

export async function run({ workbench: w }) {
  await w.openFile("头晕.note");
  await w.statusSays(/skeleton/);
  const before = await w.saved("头晕.note");
  await w.goToLine(20);
  await (await w.lightbulb("病例总结")).click();
  const row = w.page.locator(".monaco-list-row", { hasText: "〔DoctorFLAN 草稿 待审核" });
  await row.waitFor({ timeout: 15_000 });
  await w.page.waitForTimeout(500);
  await w.shot("30-refactor-preview");
  const apply = w.page.locator(".monaco-button", { hasText: "Apply" }).first();
  assert.equal(await w.saved("头晕.note"), before, "nothing is written before Apply");
  await row.click();
  await w.press("Space");
  await w.page.waitForTimeout(300);
  await apply.click();
  await w.page.waitForTimeout(700);
  await w.openFile("头晕.note");
  await w.save();
  assert.match(await w.saved("头晕.note"), /〔DoctorFLAN 草稿 待审核｜病例总结/);
  await w.shot("31-refactor-applied");
}
