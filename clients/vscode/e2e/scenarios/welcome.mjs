/** The first start, in English: the walkthrough opens by itself, the example note is ready to try. */

import assert from "node:assert/strict";
import { until } from "../lib/workbench.mjs";

export const prepare = async () => ({ settings: { "doctorflan.language": "en", "doctorflan.welcome.show": true } });

export async function run({ workbench: w }) {
  await w.page.waitForSelector(".getting-started-step, .gettingStartedContainer .step-list-container", { timeout: 30_000 });
  await w.page.waitForTimeout(5_000);
  await w.shot("60-walkthrough");
  assert.equal(await w.status().count(), 0, "no server is started before there is a note");
  await w.command("DoctorFLAN: Open example note");
  await until(async () => /Dizziness/.test((await w.page.locator(".view-lines").first().textContent())?.replace(/\u00a0/g, " ") ?? ""), 15_000, async () => "no example note");
  await w.statusSays(/skeleton · offline/);
  await w.press("Control+Alt+KeyD", "KeyD");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "Case Summary" }).first().waitFor();
  await w.insert("Case Summary");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  const frame = await w.frameWith(".text.ready");
  assert.match(await frame.textContent("main"), /Dizziness for 3 months/);
  await w.page.waitForTimeout(500);
  await w.shot("61-english-draft");
  await w.press("Control+Enter");
  await frame.waitForSelector('[data-action="accept"]');
  await w.shot("62-english-inserted");
}
