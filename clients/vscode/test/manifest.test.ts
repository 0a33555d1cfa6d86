import assert from "node:assert/strict";
import { access, readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { OWN_SETTINGS } from "../src/client/settings";

interface Setting {
  scope: string;
}

interface Manifest {
  contributes: {
    configuration: { properties: Record<string, Setting> }[];
    commands: { command: string }[];
    keybindings: { command: string }[];
    menus: Record<string, { command: string; when?: string }[]>;
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

interface Generated {
  configuration: unknown;
  restricted: string[];
  words: { en: Record<string, string>; zh: Record<string, string> };
  keys: string[];
  chinese: Record<string, string>;
}

const json = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, "utf8")) as T;

async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.resolve("scripts", name)).href)) as T;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Outside the repository, in a source archive of this folder alone, there is nothing to compare with. */
const SCHEMA = "../../schemas/settings.schema.json";
const skip = (await exists(SCHEMA)) ? false : "the server's schema is not beside this folder";

test("settings are those of the server's schema; `npm run generate` brings them up to date", { skip }, async () => {
  const { generated } = await script<{ generated: () => Promise<Generated> }>("settings.mjs");
  const expected = await generated();
  const manifest = await json<Manifest>("package.json");
  assert.deepEqual(manifest.contributes.configuration, expected.configuration);
  assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, expected.restricted);
  for (const [file, words] of [["package.nls.json", expected.words.en], ["package.nls.zh-cn.json", expected.words.zh]] as const) {
    const table = await json<Record<string, string>>(file);
    const held = Object.entries(table).filter(([key]) => /^config\.(?!title\.)/.test(key));
    assert.deepEqual(Object.fromEntries(held), words, file);
  }
  assert.deepEqual(new Set(Object.keys(expected.chinese)), new Set(expected.keys), "data/settings.zh.json");
});

test("the extension knows its own settings from the server's", async () => {
  const own = await json<Record<string, unknown>>("data/settings.client.json");
  assert.deepEqual(new Set(Object.keys(own)), new Set(OWN_SETTINGS));
});

test("no workspace decides where text goes, which model or which plugin runs", async () => {
  const manifest = await json<Manifest>("package.json");
  const settings = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as Record<string, Setting>;
  const guarded = Object.entries(settings).filter(([key]) => /^doctorflan\.(network|models|plugins|schemes)\b/.test(key));
  assert.ok(guarded.length > 8);
  for (const [key, { scope }] of guarded) {
    assert.ok(["machine", "application"].includes(scope), key);
  }
  assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes("doctorflan.server.path"));
});

test("both languages have every word of package.json, and no other", async () => {
  const [en, zh] = await Promise.all(["package.nls.json", "package.nls.zh-cn.json"].map((file) => json<Record<string, string>>(file)));
  const used = new Set([...(await readFile("package.json", "utf8")).matchAll(/"%([\w.-]+)%"/g)].map(([, key]) => key));
  assert.deepEqual(new Set(Object.keys(en ?? {})), used);
  assert.deepEqual(new Set(Object.keys(zh ?? {})), used);
});

test("every message of the sources has its Chinese, with the same places for values", async () => {
  const { messagesIn } = await script<{ messagesIn: (folder: string) => Promise<Set<string>> }>("messages.mjs");
  const chinese = await json<Record<string, string>>("l10n/bundle.l10n.zh-cn.json");
  const messages = await messagesIn("src");
  assert.deepEqual(new Set(Object.keys(chinese)), messages);
  const marks = (text: string): string[] => [...new Set(text.match(/\{\d+\}/g))].sort();
  for (const [english, text] of Object.entries(chinese)) {
    assert.deepEqual(marks(text), marks(english), english);
  }
});

test("messages do not order the doctor about", async () => {
  const chinese = await json<Record<string, string>>("l10n/bundle.l10n.zh-cn.json");
  for (const text of [...Object.keys(chinese), ...Object.values(chinese)]) {
    assert.doesNotMatch(text, /\bmust\b|必须/i);
  }
});

test("every command of package.json is registered, and keys and menus name only those", async () => {
  const { contributes } = await json<Manifest>("package.json");
  const sources = await Promise.all(
    (await readdir("src", { recursive: true })).filter((name) => name.endsWith(".ts")).map((name) => readFile(path.join("src", name), "utf8")),
  );
  const all = sources.join("\n");
  const declared = contributes.commands.map(({ command }) => command);
  for (const command of declared) {
    assert.ok(all.includes(`"${command}"`), command);
  }
  const placed = [...contributes.keybindings, ...Object.values(contributes.menus).flat()].map(({ command }) => command);
  for (const command of placed) {
    assert.ok(declared.includes(command) || command === "doctorflan.notes.focus", command);
  }
});

test("a calculator's line is accepted and discarded in the panel, and not made again", async () => {
  const { contributes } = await json<Manifest>("package.json");
  const entries = [...(contributes.menus["view/item/context"] ?? []), ...(contributes.menus["commandPalette"] ?? [])];
  const fits = ({ when = "" }: { when?: string }): boolean =>
    when.includes("viewItem =~ /^doctorflan\\.(draft|calculated)Item$/") || when.endsWith("in doctorflan.languages");
  for (const [command, offered] of [["accept", true], ["discard", true], ["regenerate", false]] as const) {
    const found = entries.filter((each) => each.command === `doctorflan.review.${command}`);
    assert.deepEqual(found.map(fits), [offered, offered, offered], command);
  }
});

test("the lock file names no registry of anybody's own", async () => {
  const lock = await json<{ packages: Record<string, { resolved?: string }> }>("package-lock.json");
  for (const [name, { resolved }] of Object.entries(lock.packages)) {
    assert.ok(resolved === undefined || resolved.startsWith("https://registry.npmjs.org/"), name);
  }
});
