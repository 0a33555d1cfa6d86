/** Writes what follows from the server's settings into package.json and package.nls*.json. */

import { readFile, writeFile } from "node:fs/promises";
import { generated } from "./settings.mjs";

const file = (name) => new URL(`../${name}`, import.meta.url);
const read = async (name) => JSON.parse(await readFile(file(name), "utf8"));
const write = async (name, value) => writeFile(file(name), `${JSON.stringify(value, null, 2)}\n`);

function withWords(table, words) {
  const rest = Object.entries(table).filter(([key]) => !/^config\.(?!title\.)/.test(key));
  return { ...Object.fromEntries(rest), ...words };
}

const { configuration, restricted, words } = await generated();
const manifest = await read("package.json");
manifest.contributes.configuration = configuration;
manifest.capabilities.untrustedWorkspaces.restrictedConfigurations = restricted;
await write("package.json", manifest);
await write("package.nls.json", withWords(await read("package.nls.json"), words.en));
await write("package.nls.zh-cn.json", withWords(await read("package.nls.zh-cn.json"), words.zh));
