/** A draft: streaming, stopped, asked about, inserted, undone, accepted, discarded, made again. */

import assert from "node:assert/strict";
import { describe } from "node:test";
import { withDemo } from "../lib/demo.mjs";
import { startModel } from "../lib/model.mjs";

const NOTE = "主诉：反复上腹痛2周。\n\n现病史：患者2周前出现上腹痛，餐后加重，无黑便。\n\n查体：BP 152/94mmHg。";
const MARKED = /〔DoctorFLAN 草稿 待审核/;

async function drafted(note, task = "case-summary") {
  await note.note.evaluate((each, id) => void each.requestDraft(id), task);
  await note.panel.locator(".df-source").first().waitFor();
}

async function inserted(note) {
  await drafted(note);
  await note.panel.getByRole("button", { name: "插入病历" }).click();
  await note.bar.waitFor();
}

export function draftingTests(shared) {
  describe("drafting", () => {
    const noteTest = withDemo(shared);

    noteTest("the menu is reached, used and left by keys alone", async (note) => {
      await note.set(NOTE);
      await note.press("Control+.");
      const items = note.note.getByRole("menuitem");
      await items.first().waitFor();
      await note.shot("menu");
      await note.press("Escape");
      await items.first().waitFor({ state: "detached" });
      await note.press("Control+.");
      await items.first().waitFor();
      await note.press("ArrowDown", "ArrowUp", "Enter");
      await note.panel.locator(".df-panel-foot .df-primary").waitFor();
      await note.until(async () => note.panel.getByRole("button", { name: "插入病历" }).evaluate((each) => each.getRootNode().activeElement === each), "the focus on Insert");
      await note.press("Escape");
      await note.panel.waitFor({ state: "hidden" });
      await note.type("续");
      await note.holds(`${NOTE}续`);
    });

    noteTest("evidence leads to the note, gaps are listed", async (note) => {
      await note.set(NOTE);
      await drafted(note);
      await note.shot("panel");
      await note.panel.locator(".df-source").first().click();
      const selected = await note.note.evaluate((each) => each.shadowRoot.getSelection?.().toString() ?? "");
      assert.match(selected, /上腹痛/);
      assert.ok((await note.panel.locator("li").count()) > 0, "gaps");
      assert.equal(await note.value(), NOTE);
    });

    noteTest("insert and accept are one step of undo each", async (note) => {
      await note.set(NOTE);
      await note.note.evaluate((each) => {
        window.told = [];
        for (const name of ["draft-inserted", "reviewed"]) {
          each.addEventListener(name, ({ type, detail }) => window.told.push([type, detail.outcome ?? detail.task]));
        }
      });
      await inserted(note);
      const draft = await note.value();
      assert.match(draft, MARKED);
      await note.shot("inserted");
      await note.press("Control+z");
      await note.holds(NOTE);
      await note.bar.waitFor({ state: "detached" });
      await note.press("Control+y");
      await note.holds(draft);
      await note.bar.getByRole("button", { name: /接受/ }).click();
      await note.until(async () => !MARKED.test(await note.value()), "the marks to go");
      assert.match(await note.value(), /上腹痛2周[\s\S]*上腹痛2周/);
      await note.press("Control+z");
      await note.holds(draft);
      assert.deepEqual(await note.page.evaluate(() => window.told), [["draft-inserted", "case-summary"], ["reviewed", "accepted"]]);
    });

    noteTest("a draft is discarded with a reason, by keys alone", async (note) => {
      await note.set(NOTE);
      await inserted(note);
      await note.note.getByRole("button", { name: /^待审核草稿/ }).click();
      await note.press("Control+.");
      const discard = note.note.getByRole("menuitem", { name: /放弃/ });
      await discard.waitFor();
      await discard.focus();
      await note.press("Enter");
      await note.note.getByRole("dialog").waitFor();
      await note.press("ArrowDown");
      await note.shot("discard");
      await note.press("Tab", "Enter");
      await note.holds(NOTE);
      await note.press("Control+z");
      await note.until(async () => MARKED.test(await note.value()), "the draft back");
    });

    noteTest("a draft that stands is made again in its place", async (note) => {
      await note.set(NOTE);
      await inserted(note);
      const before = /#(\w+)〕/.exec(await note.value())[1];
      await note.bar.getByRole("button", { name: "重新起草" }).click();
      await note.panel.getByRole("button", { name: "替换原草稿" }).click();
      await note.until(async () => !(await note.value()).includes(before), "another draft");
      assert.equal((await note.value()).match(/草稿 待审核/g).length, 1);
    });

    noteTest("a read-only note shows drafts and lets nothing in", async (note) => {
      await note.set(NOTE);
      await note.note.evaluate((each) => (each.readOnly = true));
      await note.page.waitForTimeout(100);
      await drafted(note);
      assert.equal(await note.panel.getByRole("button", { name: "插入病历" }).count(), 0);
      await note.content.focus();
      await note.type("abc");
      await note.press("Control+.");
      await note.page.waitForTimeout(300);
      assert.equal(await note.note.getByRole("menuitem").count(), 0);
      assert.equal(await note.value(), NOTE);
    });

    noteTest("what is typed while a draft waits is kept, and the draft goes where it belongs", async (note) => {
      await note.set(NOTE);
      await drafted(note);
      await note.press("Control+Home");
      await note.content.focus();
      await note.press("Control+Home");
      await note.type("门诊病历\n");
      await note.panel.getByRole("button", { name: "插入病历" }).click();
      await note.bar.waitFor();
      assert.ok((await note.value()).startsWith(`门诊病历\n${NOTE}`));
    });
  });

  describe("drafting with a slow model", () => {
    const noteTest = withDemo(shared, () => startModel(120));

    noteTest("a draft is seen growing, and Stop stops it", async (note, _server, model) => {
      await note.set(NOTE);
      await note.note.evaluate((each) => void each.requestDraft("treatment-plan"));
      const text = note.panel.locator(".df-draft-text");
      await text.getByText("测试模型").waitFor({ timeout: 20_000 });
      await note.shot("streaming");
      const early = (await text.innerText()).length;
      await note.until(async () => (await text.innerText()).length > early, "more words");
      await note.panel.getByRole("button", { name: "停止" }).click();
      await note.panel.getByText("已停止").waitFor();
      await note.until(async () => model.counts.stopped > 0, "the model to be stopped");
      const left = await text.innerText();
      await note.page.waitForTimeout(600);
      assert.equal(await text.innerText(), left);
      assert.equal(await note.value(), NOTE);
    });

    noteTest("a question about a draft makes another, which can be inserted", async (note) => {
      await note.set(NOTE);
      await note.note.evaluate((each) => void each.requestDraft("treatment-plan"));
      const question = note.panel.getByLabel("追问这份草稿");
      for (const words of ["写得简短些", "再列出禁忌"]) {
        await question.waitFor({ timeout: 20_000 });
        await question.fill(words);
        await note.press("Enter");
        await note.panel.getByText(`追问：${words}`).waitFor();
      }
      await question.waitFor({ timeout: 20_000 });
      assert.equal(await note.panel.locator("details").count(), 2, "both earlier drafts");
      await note.shot("follow-up");
      await note.panel.getByRole("button", { name: "插入病历" }).click();
      await note.until(async () => /e2e-slow 1｜#/.test(await note.value()), "the model's draft in the note");
    });

    noteTest("a server that dies in the middle of a draft loses nothing, and says so", async (note, server) => {
      await note.set(NOTE);
      await note.note.evaluate((each) => void each.requestDraft("treatment-plan"));
      await note.panel.locator(".df-draft-text").getByText("测试模型").waitFor({ timeout: 20_000 });
      await server.kill();
      await note.panel.getByText("未连接服务器").waitFor();
      await note.state("lost");
      assert.equal(await note.value(), NOTE);
    });
  });
}
