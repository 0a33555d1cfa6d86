/** The extension's own messages, as the sources have them: the first argument of each `t(...)`. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

const CALL = /\bt\(\s*"((?:[^"\\]|\\.)*)"/g;

export async function messagesIn(folder) {
  const found = new Set();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith(".ts")) {
      const source = await readFile(path.join(entry.parentPath, entry.name), "utf8");
      for (const [, text] of source.matchAll(CALL)) {
        found.add(JSON.parse(`"${text}"`));
      }
    }
  }
  return found;
}
