/** All end-to-end tests, one after the other, in one Chromium. */

import { spawnSync } from "node:child_process";
import { after, before, describe } from "node:test";
import { launch } from "./lib/page.mjs";
import { completionTests } from "./scenarios/completion.mjs";
import { draftingTests } from "./scenarios/drafting.mjs";
import { embeddingTests } from "./scenarios/embedding.mjs";
import { findingTests } from "./scenarios/findings.mjs";
import { inputMethodTests } from "./scenarios/inputMethod.mjs";
import { readingTests } from "./scenarios/reading.mjs";
import { reconnectTests } from "./scenarios/reconnect.mjs";

const program = process.env.DOCTORFLAN_LS ?? "doctorflan-ls";
if (spawnSync(program, ["--version"]).status !== 0) {
  console.error(`${program} does not run. Install the server, or name its program in DOCTORFLAN_LS.`);
  process.exit(1);
}

describe("clinical-note", { concurrency: 1 }, () => {
  const shared = {};
  before(async () => {
    shared.browser = await launch();
  });
  after(() => shared.browser?.close());
  completionTests(shared);
  readingTests(shared);
  draftingTests(shared);
  findingTests(shared);
  inputMethodTests(shared);
  reconnectTests(shared);
  embeddingTests(shared);
});
