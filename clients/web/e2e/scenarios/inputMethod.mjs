/** Chinese input: what is composed is neither disturbed nor garbled, and reaches the server whole. */

import assert from "node:assert/strict";
import { describe } from "node:test";
import { withDemo } from "../lib/demo.mjs";

/** Compose as an input method does: growing letters, then the chosen characters. */
async function compose(note, letters, characters) {
  const session = await note.page.context().newCDPSession(note.page);
  for (let end = 1; end <= letters.length; end += 1) {
    const text = letters.slice(0, end);
    await session.send("Input.imeSetComposition", { text, selectionStart: end, selectionEnd: end });
    await note.page.waitForTimeout(70);
  }
  return async () => {
    await session.send("Input.insertText", { text: characters });
    await session.detach();
  };
}

/** What the page sent to the server, as the browser saw it. */
function watchSent(note) {
  return note.page.evaluate(() => {
    window.sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
      window.sent.push(JSON.parse(data));
      return send.call(this, data);
    };
  });
}

export function inputMethodTests(shared) {
  describe("input method", () => {
    const noteTest = withDemo(shared);

    noteTest("composed characters stand once, and no letter of them reaches the server", async (note) => {
      await watchSent(note);
      await note.set("主诉：\n\n现病史：");
      await note.until(() => note.page.evaluate(() => window.sent.some(({ method }) => method === "textDocument/didChange")), "the text to be sent");
      await note.page.evaluate(() => {
        window.sent = [];
      });
      const commit = await compose(note, "fuxie", "腹泻");
      await note.page.waitForTimeout(500);
      assert.equal(await note.options.count(), 0, "no list while composing");
      assert.deepEqual(await note.page.evaluate(() => window.sent.filter(({ method }) => method === "textDocument/didChange")), []);
      await note.shot("composing");
      await commit();
      await note.holds("主诉：\n\n现病史：腹泻");
      await note.until(() => note.page.evaluate(() => window.sent.some(({ method }) => method === "textDocument/didChange")), "the change to be sent");
      const texts = await note.page.evaluate(() =>
        window.sent.filter(({ method }) => method === "textDocument/didChange").flatMap(({ params }) => params.contentChanges.map(({ text }) => text)),
      );
      assert.equal(texts.join(""), "腹泻");
    });

    noteTest("findings and a draft that come during a composition wait for its end", async (note) => {
      await note.set("主诉：头痛2天。\n\n现病史：");
      const commit = await compose(note, "bantou", "伴头晕");
      await note.note.evaluate((each) => void each.requestDraft("case-summary"));
      await note.page.waitForTimeout(600);
      await commit();
      await note.holds("主诉：头痛2天。\n\n现病史：伴头晕");
      const again = await compose(note, "ke", "，可");
      await again();
      await note.holds("主诉：头痛2天。\n\n现病史：伴头晕，可");
    });

    noteTest("a long sentence of compositions, with typing between, comes out exactly", async (note) => {
      await note.set("");
      let expected = "";
      for (const [letters, characters] of [
        ["zhusu", "主诉"],
        ["mao", "："],
        ["fanfu", "反复"],
        ["kesou", "咳嗽"],
      ]) {
        const commit = await compose(note, letters, characters);
        await commit();
        expected += characters;
        await note.type("3");
        expected += "3";
      }
      await note.holds(expected);
      await note.press("Enter");
      await note.type("/");
      const commit = await compose(note, "bing", "病例");
      await commit();
      await note.until(async () => (await note.labels())[0] === "/病例总结", "the list after composing");
    });

    noteTest("a composition that is given up leaves nothing", async (note) => {
      await note.set("现病史：");
      const commit = await compose(note, "tou", "");
      await commit();
      await note.holds("现病史：");
    });
  });
}
