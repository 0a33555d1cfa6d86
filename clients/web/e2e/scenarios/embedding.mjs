/** The ten-line example in a page of another origin, under a policy without inline styles. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serveFiles } from "../lib/files.mjs";
import { NotePage } from "../lib/page.mjs";
import { startSocket, TOKEN } from "../lib/server.mjs";

export function embeddingTests(shared) {
  describe("embedding", () => {
    test("the example works, and keeps the page's policy", { timeout: 60_000 }, async (context) => {
      const server = await startSocket("http://127.0.0.1");
      context.after(() => server.kill());
      const files = await serveFiles(server.url, { "ws://127.0.0.1:8765": server.url, TOKEN });
      context.after(() => files.close());
      const note = await NotePage.open(shared.browser, `${files.origin}/examples/embed.html`);
      await note.state("connected");
      assert.equal(await note.value(), "主诉：反复上腹痛2周。");
      await note.content.click();
      await note.press("Control+End");
      await note.type("\n\n/");
      await note.options.first().waitFor();
      await note.shot("embed");
      await note.press("Escape", "Backspace");
      await note.note.evaluate((each) => void each.requestDraft("case-summary"));
      await note.panel.getByRole("button", { name: "插入病历" }).click();
      await note.bar.waitFor();
      await note.close();
    });

    test("a server that is not there: one sentence, and writing goes on", { timeout: 60_000 }, async (context) => {
      const server = await startSocket("http://127.0.0.1");
      await server.kill();
      const files = await serveFiles(server.url, { "ws://127.0.0.1:8765": server.url, TOKEN });
      context.after(() => files.close());
      const note = await NotePage.open(shared.browser, `${files.origin}/examples/embed.html`);
      await note.state("unreachable");
      await note.says(/服务器没有应答.*病历照常书写，仍在重试/);
      await note.content.click();
      await note.press("Control+End");
      await note.type(" 3 d");
      await note.holds("主诉：反复上腹痛2周。 3 d");
      await note.close();
    });

    test("mount() fills a container, alone it is an editor", { timeout: 60_000 }, async (context) => {
      const files = await serveFiles("'none'", {});
      context.after(() => files.close());
      const note = await NotePage.open(shared.browser, `${files.origin}/examples/embed.css`);
      await note.page.goto(`${files.origin}/examples/mount.html`);
      await note.content.click();
      await note.press("Control+End");
      await note.type("!");
      assert.equal(await note.value(), "BP 120/80!");
      await note.says(/No server is set/);
      await note.close();
    });
  });
}
