/** Compares the committed demo page with one that is built now. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildDemo } from "../esbuild.mjs";

const committed = path.resolve(import.meta.dirname, process.argv[2] ?? "../../../doctorflan_ls/web");
const parent = await mkdtemp(path.join(tmpdir(), "clinical-note-"));
const fresh = path.join(parent, "web");
try {
  await buildDemo(fresh);
  const names = [...new Set([...(await readdir(committed)), ...(await readdir(fresh))])];
  const differing = [];
  for (const name of names) {
    const [old, made] = await Promise.all([committed, fresh].map((folder) => readFile(path.join(folder, name)).catch(() => undefined)));
    if (!old || !made || !old.equals(made)) {
      differing.push(name);
    }
  }
  if (differing.length > 0) {
    console.error(`The page differs from its sources: ${differing.join(", ")}. Run npm run build:page.`);
    process.exitCode = 1;
  }
} finally {
  await rm(parent, { recursive: true });
}
