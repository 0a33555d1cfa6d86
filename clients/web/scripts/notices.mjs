/** The licences of what a bundle holds, from the packages themselves. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

export async function notices(metafile, root) {
  const names = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) {
      names.add(found[1]);
    }
  }
  const parts = [];
  for (const name of [...names].sort()) {
    const folder = path.join(root, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) {
      throw new Error(`${name} has no licence file`);
    }
    const text = (await readFile(path.join(folder, file), "utf8")).trim();
    parts.push(`${name} ${version} (${license})\n\n${text}\n`);
  }
  return `This file holds the licences of what is built in.\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}
