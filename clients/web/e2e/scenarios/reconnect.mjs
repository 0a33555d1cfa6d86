/** The server goes and comes back; a wrong token; no server at all. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NotePage } from "../lib/page.mjs";
import { startDemo } from "../lib/server.mjs";

export function reconnectTests(shared) {
  describe("connection", () => {
    test("a server that is killed and started again: no character is lost", { timeout: 60_000 }, async (context) => {
      const server = await startDemo();
      context.after(() => server.kill());
      const note = await NotePage.open(shared.browser, server.url);
      await note.state("connected");
      await note.set("主诉：头痛1天。\n\n");
      await note.type("before ");
      await server.kill();
      await note.state("lost");
      await note.type("辅助检查：K+ 2.9mmol/L，offline typing ");
      await note.says(/连接中断，正在重连；病历照常书写，文字不会丢失/);
      await note.shot("lost");
      const typing = note.page.keyboard.type("typed while it starts again ", { delay: 25 });
      const again = await startDemo({ port: server.port });
      context.after(() => again.kill());
      await typing;
      await note.state("connected");
      await note.type("after");
      const expected = "主诉：头痛1天。\n\nbefore 辅助检查：K+ 2.9mmol/L，offline typing typed while it starts again after";
      await note.holds(expected);
      // The new server reads what was typed while there was none.
      await note.note.locator(".df-low").waitFor();
      await note.note.evaluate((each) => void each.requestDraft("case-summary"));
      await note.panel.getByText("K+ 2.9mmol/L").first().waitFor();
      await note.panel.getByRole("button", { name: "插入病历" }).click();
      await note.bar.waitFor();
      assert.ok((await note.value()).startsWith(expected));
      await note.close();
    });

    test("a wrong token is said in one sentence, and writing goes on", { timeout: 60_000 }, async (context) => {
      const server = await startDemo();
      context.after(() => server.kill());
      const note = await NotePage.open(shared.browser, `${server.page}#token=wrong`);
      await note.state("refused");
      await note.says(/服务器不接受此页面的令牌或来源，请用启动时显示的完整地址打开/);
      await note.shot("refused");
      await note.set("主诉：");
      await note.type("3 days");
      await note.holds("主诉：3 days");
      await note.note.evaluate((each) => void each.requestDraft("case-summary"));
      await note.panel.getByText("未连接服务器，暂不能起草").waitFor();
      await note.note.evaluate((each, token) => (each.token = token), new URL(server.url).hash.replace("#token=", ""));
      await note.state("connected");
      await note.close();
    });
  });
}
