/** Findings: what they rest on, putting one aside and taking that back; calculators; what is wrong in a draft. */

import assert from "node:assert/strict";
import { describe } from "node:test";
import { withDemo } from "../lib/demo.mjs";
import { startModel } from "../lib/model.mjs";

const LONG = "反复咳嗽、咳痰、气喘伴双下肢水肿10余年，加重3天";
const NOTE = `门诊病历\n主诉：${LONG}\n既往史：青霉素过敏。\n体格检查：T 36.5℃。\n诊疗计划：阿莫西林0.5g 口服 每日3次。\n`;
const BODY = "体格检查：身高170cm，体重70kg，BP 152/94mmHg。\n";
const MODEL = "主诉：反复上腹痛2周。\n体格检查：BP 182/94mmHg，血钾 3.1mmol/L。";

async function toLine(note, number) {
  await note.content.focus();
  await note.press("Control+Home", ...Array.from({ length: number }, () => "ArrowDown"), "End");
}

/** Whether a finding of `rule` is in the list, which is opened for the look. */
async function lists(note, rule) {
  return note.note.locator(".cm-panel-lint li", { hasText: rule }).isVisible();
}

async function menuWith(note, name) {
  await note.press("Control+.");
  const item = note.note.getByRole("menuitem", { name });
  await item.first().waitFor();
  await item.first().focus();
  await note.press("Enter");
}

export function findingTests(shared) {
  describe("findings", () => {
    const noteTest = withDemo(shared);

    noteTest("a finding is put aside with a reason and taken back, by keys alone", async (note) => {
      await note.set(NOTE);
      await note.press("Control+Shift+m");
      await note.until(() => lists(note, "ZA-04"), "the finding of the long complaint");
      await toLine(note, 1);
      await menuWith(note, /^ZA-04.*提示有误/);
      const why = note.note.getByRole("menu", { name: /忽略提示 ZA-04 的原因/ });
      await why.waitFor();
      const focused = () => why.getByRole("menuitem").evaluateAll((all) => all.find((each) => each.getRootNode().activeElement === each)?.textContent);
      assert.equal(await focused(), "提示有误");
      await note.shot("dismiss-reason");
      await note.press("Escape");
      await why.waitFor({ state: "detached" });
      await note.page.waitForTimeout(400);
      assert.ok(await lists(note, "ZA-04"), "Escape keeps the finding");
      await menuWith(note, /^ZA-04.*提示有误/);
      await why.waitFor();
      await note.press("ArrowDown", "Enter");
      await note.until(async () => !(await lists(note, "ZA-04")), "the finding to go");
      await menuWith(note, "恢复已忽略的提示");
      await note.note.getByRole("menuitem", { name: "本病历" }).waitFor();
      await note.press("Enter");
      await note.until(() => lists(note, "ZA-04"), "the finding to come back");
      await note.says(/已恢复1条/);
      assert.equal(await note.value(), NOTE);
    });

    noteTest("what a finding rests on stands under it and leads there, also after typing", async (note) => {
      await note.set(NOTE);
      await note.press("Control+Shift+m");
      const entry = note.note.locator(".cm-panel-lint li", { hasText: "ZY-01" });
      const rests = entry.locator(".df-related");
      await rests.waitFor();
      assert.match(await rests.innerText(), /第 3 行“.*青霉素/);
      await note.shot("related");
      await note.content.focus();
      await note.press("Control+Home");
      await note.type("甲");
      await rests.click();
      const selected = await note.note.evaluate((each) => each.shadowRoot.getSelection?.().toString() ?? "");
      assert.match(selected, /^青霉素/);
      await entry.locator(".df-act").click();
      await note.note.getByRole("menuitem", { name: /^ZY-01.*不再提示/ }).first().waitFor();
      await note.shot("act");
    });

    noteTest("a calculator's line is accepted or discarded, and not made again", async (note) => {
      await note.set(BODY);
      await menuWith(note, /BMI|体质指数|体重指数/);
      await note.bar.waitFor();
      const names = await note.bar.getByRole("button").allInnerTexts();
      assert.deepEqual(names, ["接受（我已审核）", "放弃草稿"]);
      await note.shot("calculated");
    });
  });

  describe("findings in a draft", () => {
    const noteTest = withDemo(shared, () => startModel(5, MODEL));

    noteTest("what the note contradicts and what it does not say is marked on its very words", async (note) => {
      await note.set("主诉：反复上腹痛2周。\n\n查体：BP 152/94mmHg。");
      await note.note.evaluate((each) => void each.requestDraft("case-summary"));
      const wrong = note.panel.locator("mark.df-found-error");
      await wrong.waitFor({ timeout: 20_000 });
      const shown = (mark) => mark.evaluate((each) => each.firstChild.textContent);
      assert.match(await shown(wrong), /182\/94/);
      assert.match(await wrong.getAttribute("title"), /^与病历不符.*152\/94/);
      const unsaid = note.panel.locator("mark.df-found-warning");
      assert.match(await shown(unsaid.first()), /血钾|3\.1/);
      await note.panel.getByRole("button", { name: /^与病历不符/ }).click();
      assert.ok(await wrong.evaluate((each) => each.getRootNode().activeElement === each), "the focus on the words");
      await note.panel.getByText("1 处需改正或核对").waitFor();
      await note.shot("draft-findings");
      await note.panel.getByRole("button", { name: "插入病历" }).click();
      await note.until(async () => (await note.value()).includes("182/94"), "the draft in the note");
      assert.doesNotMatch(await note.value(), /不符/);
    });
  });
}
