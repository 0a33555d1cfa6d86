/** What leaves this machine: nothing by default, exact masked text with a remote model. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeModelFolder } from "../lib/modelServer.mjs";
import { putExample } from "../lib/notes.mjs";

// An address for documentation (RFC 5737): nothing is there, and nothing is sent in this test.
const HOST = "192.0.2.7:8000";

export const prepare = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "doctorflan-models-"));
  await writeModelFolder(folder, { id: "ward", url: `https://${HOST}/v1` });
  return {
    models: folder,
    settings: { "doctorflan.language": "zh" },
    files: (place) => putExample(place),
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

export async function run({ workbench: w, server, settings, prepared }) {
  await w.openFile("头晕.note");
  await w.statusSays(/skeleton · 本机运行/);
  await w.press("Control+Alt+KeyD", "KeyO");
  const nothing = await w.frameWith(".verdict.safe");
  assert.match(await nothing.textContent("body"), /没有任何内容离开本机/);
  await w.page.waitForTimeout(300);
  await w.shot("50-nothing-leaves");
  await server.writeSettings({
    ...settings,
    "doctorflan.models.folder": prepared.models,
    "doctorflan.models.use": { "*": "ward" },
    "doctorflan.network.hosts": [HOST],
  });
  await w.statusSays(/ward · 192\.0\.2\.7:8000/);
  await w.openFile("头晕.note");
  await w.press("Control+Alt+KeyD", "KeyO");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "治疗方案" }).waitFor();
  await w.insert("治疗方案");
  await w.page.waitForTimeout(300);
  await w.press("Enter");
  const page = await w.frameWith(".verdict.leaves");
  const text = await page.textContent("body");
  assert.match(text, /192\.0\.2\.7:8000/);
  assert.match(text, /反复头晕3个月/);
  assert.doesNotMatch(text, /姓名：示例/, "the name is masked");
  await w.page.waitForTimeout(300);
  await w.shot("51-what-leaves");
}
