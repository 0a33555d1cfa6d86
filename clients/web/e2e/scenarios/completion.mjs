/** "/" to a task in Chinese, pinyin and English; headings; ghost text. */

import assert from "node:assert/strict";
import { describe } from "node:test";
import { withDemo } from "../lib/demo.mjs";

const NOTE = "主诉：反复上腹痛2周。\n\n现病史：患者2周前出现上腹痛，餐后加重，无黑便。\n\n";
const DRUG = "主诉：头晕3天。\n\n现病史：规律服用氨氯地平片 5mg 口服 每日1次。\n\n目前用药：继续服用";

export function completionTests(shared) {
  describe("completion", () => {
    const noteTest = withDemo(shared);
    for (const [how, typed] of [
      ["Chinese", "病例"],
      ["pinyin", "blzj"],
      ["English", "case"],
    ]) {
      noteTest(`/ and ${how} lead to the case summary`, async (note) => {
        await note.set(NOTE);
        await note.type(`/${typed}`);
        await note.until(async () => (await note.labels())[0] === "/病例总结", "the task in the list");
        await note.options.first().waitFor();
        await note.page.locator(".df-doc").waitFor();
        await note.shot(`completion-${how.toLowerCase()}`);
        await note.page.waitForTimeout(150);
        await note.press("Enter");
        await note.until(async () => /〔DoctorFLAN 草稿 待审核｜病例总结/.test(await note.value()), "the draft in the note");
        assert.doesNotMatch(await note.value(), new RegExp(`/${typed}`));
        await note.press("Control+z");
        await note.holds(`${NOTE}/${typed}`);
      });
    }

    noteTest("a long list opens the draft's preview, and leaves no / behind", async (note) => {
      await note.set(NOTE);
      await note.type("/");
      await note.until(async () => (await note.options.count()) > 8, "all tasks");
      await note.shot("completion-all");
      await note.page.waitForTimeout(150);
      await note.press("Enter");
      await note.panel.locator(".df-source, .df-gap").first().waitFor();
      await note.holds(NOTE);
    });

    noteTest("tab goes from gap to gap of a draft that was chosen", async (note) => {
      await note.set("主诉：胸痛1天。\n\n");
      await note.type("/blzj");
      await note.options.first().waitFor();
      await note.page.waitForTimeout(250);
      await note.press("Enter");
      await note.until(async () => (await note.note.locator(".df-field").count()) > 1, "several gaps to fill");
      await note.type("甲");
      await note.press("Tab");
      await note.type("乙");
      const [first, second] = [(await note.value()).indexOf("甲"), (await note.value()).indexOf("乙")];
      assert.ok(first >= 0 && second > first, "both gaps are filled");
    });

    noteTest("a heading is completed from its first characters", async (note) => {
      await note.set("主诉：胸痛1天。\n\n");
      await note.page.keyboard.insertText("现");
      await note.until(async () => (await note.labels()).some((label) => label.includes("现病史")), "the heading");
      await note.page.waitForTimeout(150);
      await note.press("Enter");
      await note.until(async () => (await note.value()).includes("\n现病史"), "the heading in the note");
    });

    noteTest("ghost text goes on with the note's own words: Tab takes it, Escape does not", async (note) => {
      await note.set(DRUG);
      await note.type("氨氯");
      const ghost = note.note.locator(".df-ghost");
      await ghost.waitFor();
      assert.equal(await ghost.innerText(), "地平片 5mg 口服 每日1次");
      await note.shot("ghost");
      await note.press("Escape");
      await ghost.waitFor({ state: "detached" });
      await note.holds(`${DRUG}氨氯`);
      await note.type("地");
      await ghost.waitFor();
      await note.press("Tab");
      await note.holds(`${DRUG}氨氯地平片 5mg 口服 每日1次`);
      await note.press("Control+z");
      await note.holds(`${DRUG}氨氯地`);
    });
  });
}
