/** Writes the package's declarations into dist/: those that its entry reaches, and no others. */

import { spawnSync } from "node:child_process";
import { readFile, readdir, rm } from "node:fs/promises";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const dist = path.join(root, "dist");
const compiler = path.join(root, "node_modules/typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", path.join(root, "tsconfig.types.json")], { stdio: "inherit" });
if (status !== 0) {
  process.exit(1);
}

const reached = new Set();

async function reach(file) {
  if (reached.has(file)) {
    return;
  }
  reached.add(file);
  for (const [, target] of (await readFile(file, "utf8")).matchAll(/from "(\.[^"]+)"/g)) {
    await reach(path.join(path.dirname(file), `${target}.d.ts`));
  }
}

await reach(path.join(dist, "index.d.ts"));
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  if (entry.isFile() && file.endsWith(".d.ts") && !reached.has(file)) {
    await rm(file);
  }
}
for (const entry of await readdir(dist, { withFileTypes: true })) {
  const folder = path.join(dist, entry.name);
  if (entry.isDirectory() && (await readdir(folder)).length === 0) {
    await rm(folder, { recursive: true });
  }
}
