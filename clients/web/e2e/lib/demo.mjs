/** One demo server for the tests of a scenario, and a fresh page for each. */

import { after, before, test } from "node:test";
import { NotePage } from "./page.mjs";
import { startDemo } from "./server.mjs";

/** `noteTest(name, body)`: `body` gets the page's note, connected, and the server. */
export function withDemo(shared, prepare = async () => ({ settings: [] })) {
  let server;
  let prepared;
  before(async () => {
    prepared = await prepare();
    server = await startDemo({ settings: prepared.settings });
  });
  after(async () => {
    await server?.kill();
    await prepared?.close?.();
  });
  return (name, body, { query = "" } = {}) =>
    test(name, { timeout: 60_000 }, async () => {
      const note = await NotePage.open(shared.browser, server.url.replace("/#", `/${query}#`));
      await note.state("connected");
      await body(note, server, prepared);
      await note.close();
    });
}
