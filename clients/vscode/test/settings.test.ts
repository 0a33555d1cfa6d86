import assert from "node:assert/strict";
import { test } from "node:test";
import { OWN_SETTINGS, settingsForServer } from "../src/client/settings";

const KNOWN = ["language", "draft.language", "models.use", "network.hosts"];

function known(set: Record<string, unknown>): { key: string; value: unknown; isSet: boolean }[] {
  return KNOWN.map((key) => ({ key, value: set[key], isSet: key in set }));
}

test("a default is not sent: it would hide the user's own settings file", () => {
  const everything = { language: "auto", draft: { language: "auto" }, models: { use: {} }, network: { hosts: [] } };
  assert.deepEqual(settingsForServer(known({}), OWN_SETTINGS, everything), {});
});

test("what is set is sent, empty values too", () => {
  const tree = settingsForServer(known({ "draft.language": "zh", "network.hosts": [] }), OWN_SETTINGS, {});
  assert.deepEqual(tree, { draft: { language: "zh" }, network: { hosts: [] } });
});

test("tables are sent whole", () => {
  const use = { "*": "ward", "case-summary.zh": "other" };
  const tree = settingsForServer(known({ "models.use": use }), OWN_SETTINGS, { models: { use } });
  assert.deepEqual(tree, { models: { use } });
});

test("a misspelt name goes along, so that the server can name the nearest", () => {
  const everything = { draft: { language: "auto", lenguage: "zh" }, chekcs: { disabled: ["a"] }, nonsense: true };
  const tree = settingsForServer(known({}), OWN_SETTINGS, everything);
  assert.deepEqual(tree, { draft: { lenguage: "zh" }, chekcs: { disabled: ["a"] }, nonsense: true });
});

test("the extension's own settings stay here", () => {
  const everything = { server: { path: "/x" }, draft: { preview: "side" }, schemes: ["ehr"], check: { include: [] } };
  assert.deepEqual(settingsForServer(known({}), OWN_SETTINGS, everything), {});
});
