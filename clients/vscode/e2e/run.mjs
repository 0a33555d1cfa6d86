/**
 * End-to-end tests in the real workbench: `node e2e/run.mjs [SCENARIO ...]`; README.md says what to
 * install first. Environment:
 *   CODE_SERVER      the program code-server
 *   CHROMIUM         the browser's program
 *   PLAYWRIGHT_CORE  folder whose node_modules holds playwright-core
 *   LANGUAGE_SERVER  the program doctorflan-ls
 *   SHOTS            where screenshots go; without it none are made
 */

import { access, mkdir, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { startCodeServer } from "./lib/codeServer.mjs";
import { Workbench } from "./lib/workbench.mjs";

const QUIET = ["--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"];

function needed(name) {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`set ${name}; e2e/README.md says to what`);
  }
  return path.resolve(value);
}

const program = needed("CODE_SERVER");
const languageServer = needed("LANGUAGE_SERVER");
const { chromium } = createRequire(path.join(needed("PLAYWRIGHT_CORE"), "package.json"))("playwright-core");
const shots = process.env.SHOTS === undefined ? undefined : path.resolve(process.env.SHOTS);
const vsix = path.resolve("dist/doctorflan.vsix");
await access(vsix);
if (shots !== undefined) {
  await mkdir(shots, { recursive: true });
}

const folder = new URL("scenarios/", import.meta.url);
const all = (await readdir(folder)).filter((name) => name.endsWith(".mjs")).map((name) => name.slice(0, -4)).sort();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all;
const browser = await chromium.launch({
  executablePath: needed("CHROMIUM"),
  args: ["--no-sandbox", "--disable-gpu", ...QUIET],
});

async function runOne(name) {
  const scenario = await import(new URL(`${name}.mjs`, folder).href);
  const prepared = (await scenario.prepare?.({ languageServer })) ?? {};
  const settings = { "doctorflan.server.path": languageServer, "doctorflan.welcome.show": false, ...prepared.settings };
  const server = await startCodeServer({ program, vsix, ...prepared, settings });
  const locale = settings["doctorflan.language"] === "en" ? "en" : "zh";
  let workbench;
  try {
    await prepared.files?.(server.folder);
    workbench = await Workbench.open(browser, server, { shots, locale });
    await scenario.run({ workbench, server, browser, shots, languageServer, settings, prepared });
  } catch (error) {
    await workbench?.shot(`failed-${name}`);
    throw error;
  } finally {
    await workbench?.page.context().close();
    await prepared.close?.();
    await server.close();
  }
}

let failed = 0;
for (const name of wanted) {
  const began = Date.now();
  try {
    await runOne(name);
    console.log(`ok   ${name} (${((Date.now() - began) / 1000).toFixed(0)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.stack ?? error}`);
  }
}
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
