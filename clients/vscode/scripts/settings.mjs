/** Makes the `configuration` block of package.json, and its words, from the server's schema. */

import { readFile } from "node:fs/promises";

const SECTION = "doctorflan";
/** What JSON Schema words VS Code's settings editor reads as they are. */
const KEPT = ["type", "enum", "minimum", "maximum", "items", "additionalProperties", "default"];

const read = async (path) => JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));

export const SCHEMA = new URL("../../../schemas/settings.schema.json", import.meta.url);

/** `{ key, schema }` for each setting of the schema, in its order. */
export function settingsOf(schema, prefix = "") {
  return Object.entries(schema.properties).flatMap(([name, inner]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    return inner.properties === undefined ? [{ key, schema: inner }] : settingsOf(inner, key);
  });
}

function typed(schema) {
  return schema.type === undefined && schema.enum !== undefined ? { type: "string", ...schema } : schema;
}

function property(key, schema, scope) {
  const kept = Object.fromEntries(Object.entries(typed(schema)).filter(([name]) => KEPT.includes(name)));
  return { ...kept, scope, markdownDescription: `%config.${key}%` };
}

function scopeOf(key, scopes) {
  const scope = scopes[key] ?? scopes[key.split(".")[0]];
  if (scope === undefined) {
    throw new Error(`data/settings.scopes.json names no scope for ${key}`);
  }
  return scope;
}

/** The blocks and the words that package.json and package.nls*.json are to hold. */
export async function generated() {
  const [schema, own, scopes, chinese] = await Promise.all(
    [SCHEMA.href, "../data/settings.client.json", "../data/settings.scopes.json", "../data/settings.zh.json"].map(read),
  );
  const server = settingsOf(schema);
  const words = { en: {}, zh: {} };
  const put = (key, en, zh) => {
    if (zh === undefined) {
      throw new Error(`data/settings.zh.json lacks ${key}`);
    }
    words.en[`config.${key}`] = en;
    words.zh[`config.${key}`] = zh;
  };
  const ownProperties = Object.entries(own).map(([key, { en, zh, ...rest }]) => {
    put(key, en, zh);
    return [`${SECTION}.${key}`, { ...rest, markdownDescription: `%config.${key}%` }];
  });
  const serverProperties = server.map(({ key, schema: each }) => {
    put(key, each.description, chinese[key]);
    return [`${SECTION}.${key}`, property(key, each, scopeOf(key, scopes))];
  });
  const configuration = [
    { title: "%config.title.extension%", properties: Object.fromEntries(ownProperties) },
    { title: "%config.title.server%", properties: Object.fromEntries(serverProperties) },
  ];
  // What names a program or a file may stand in a folder's settings once its user trusts it.
  const restricted = [...ownProperties, ...serverProperties]
    .filter(([, { scope }]) => scope === "machine-overridable")
    .map(([key]) => key);
  return { configuration, restricted, words, keys: server.map(({ key }) => key), chinese };
}
