/** Builds the package into dist/; with a folder as argument, the demo page into that folder. */

import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { notices } from "./scripts/notices.mjs";

const here = import.meta.dirname;

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  logLevel: "warning",
  metafile: true,
};

/** The package: one module without dependencies. */
export async function buildPackage(folder) {
  await rm(folder, { recursive: true, force: true });
  const made = await build({ ...shared, entryPoints: ["src/index.ts"], outfile: path.join(folder, "clinical-note.js") });
  await writeFile(path.join(folder, "THIRD-PARTY.txt"), await notices(made.metafile, here));
}

/** The demo page. */
export async function buildDemo(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const made = await build({ ...shared, entryPoints: ["demo/demo.ts"], outfile: path.join(folder, "demo.js") });
  await writeFile(path.join(folder, "THIRD-PARTY.txt"), await notices(made.metafile, here));
  await cp(path.join(here, "demo/index.html"), path.join(folder, "index.html"));
  const css = await readFile(path.join(here, "demo/demo.css"), "utf8");
  await writeFile(path.join(folder, "demo.css"), css);
}

if (process.argv[1] === import.meta.filename) {
  const page = process.argv[2];
  await (page === undefined ? buildPackage(path.join(here, "dist")) : buildDemo(path.resolve(here, page)));
}
