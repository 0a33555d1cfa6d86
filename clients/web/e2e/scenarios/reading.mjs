/** What the server reads in the note: findings, marks, hover; two notes on one server. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withDemo } from "../lib/demo.mjs";
import { NotePage } from "../lib/page.mjs";
import { startDemo } from "../lib/server.mjs";

export function readingTests(shared) {
  describe("reading", () => {
    const noteTest = withDemo(shared);

    noteTest("findings are underlined, in the margin, in a list, and told at the cursor", async (note) => {
      await note.note.locator(".cm-lintRange-warning").first().waitFor();
      await note.note.locator(".cm-lint-marker-warning").first().waitFor();
      await note.press("Control+Home");
      await note.says(/建议补充/);
      await note.press("Control+Shift+m");
      await note.note.locator(".cm-panel-lint li").first().waitFor();
      assert.match(await note.note.locator(".cm-panel-lint").innerText(), /来源/);
      const listed = await note.note.locator(".cm-panel-lint li").count();
      await note.note.getByRole("button", { name: `提示 ${listed}` }).waitFor();
      await note.shot("findings");
    });

    noteTest("abnormal values have their mark, with the range and its source", async (note) => {
      const marks = note.note.locator(".df-hint");
      await marks.first().waitFor();
      assert.equal(await marks.first().innerText(), "↑");
      assert.match(await marks.first().getAttribute("title"), /参考范围/);
      await note.note.locator(".df-t-namespace").first().waitFor();
    });

    noteTest("hover explains, with the mouse and with a key", async (note) => {
      const value = note.note.locator(".df-m-abnormal").first();
      await value.waitFor();
      await value.hover();
      await note.note.locator(".df-hover").waitFor();
      await note.page.mouse.move(5, 5);
      await note.note.locator(".df-hover").waitFor({ state: "detached" });
      await value.click();
      await note.press("Control+i");
      await note.note.locator(".df-hover").waitFor();
      await note.press("Escape");
      await note.note.locator(".df-hover").waitFor({ state: "detached" });
    });

    test("two tabs on one server each have their own note", { timeout: 60_000 }, async (context) => {
      const server = await startDemo();
      context.after(() => server.kill());
      const first = await NotePage.open(shared.browser, server.url);
      const second = await NotePage.open(shared.browser, server.url);
      await Promise.all([first.state("connected"), second.state("connected")]);
      const uris = await Promise.all([first, second].map(({ note }) => note.evaluate((each) => each.uri)));
      assert.notEqual(uris[0], uris[1]);
      await first.set("主诉：头痛1天。\n\n辅助检查：K+ 2.9mmol/L。\n");
      await second.set("主诉：咳嗽3天。\n\n辅助检查：Hb 80g/L。\n");
      await first.note.locator(".df-low").waitFor();
      await second.note.locator(".df-low").waitFor();
      for (const [note, own, other] of [
        [first, "头痛", "咳嗽"],
        [second, "咳嗽", "头痛"],
      ]) {
        await note.note.evaluate((each) => void each.requestDraft("case-summary"));
        await note.panel.locator(".df-draft-text").getByText(own).first().waitFor();
        assert.doesNotMatch(await note.panel.innerText(), new RegExp(other));
      }
      await Promise.all([first.close(), second.close()]);
    });

    noteTest("another note in the same editor: undo does not lead back into the first", async (note) => {
      await note.set("主诉：甲的病历。");
      await note.note.evaluate((each) => {
        each.uri = "clinical-note:other";
        each.value = "";
      });
      await note.note.evaluate((each) => (each.value = "主诉：乙的病历。"));
      await note.page.waitForTimeout(200);
      await note.content.click();
      await note.press("Control+z", "Control+z", "Control+z");
      assert.doesNotMatch(await note.value(), /甲/);
    });

    noteTest("line ends and every character come back as they were", async (note) => {
      const text = "主诉：头痛\r\n\t😀𠮷\u2028\r\n";
      await note.note.evaluate((each, value) => each.setValue(value), text);
      assert.equal(await note.value(), text);
    });

    noteTest(
      "the English page speaks English",
      async (note) => {
        await note.says(/Connected · Nothing leaves|Connected[\s\S]*Nothing leaves this machine/);
        assert.match(await note.note.locator(".df-toolbar").innerText(), /Draft…/);
        await note.note.locator(".cm-lintRange-warning, .df-t-namespace").first().waitFor();
        await note.shot("english");
      },
      { query: "?lang=en" },
    );
  });
}
