/** Bundles the unit tests and runs them with Node's own runner; arguments go to it. */

import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const names = (await readdir("test")).filter((name) => name.endsWith(".test.ts"));
await rm("out", { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => `test/${name}`),
  outdir: "out",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  // The editor itself is not there: what the tests need of it.
  alias: { vscode: "./test/editor.ts" },
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
const files = names.map((name) => `out/${name.replace(/\.ts$/, ".mjs")}`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...process.argv.slice(2), ...files], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
