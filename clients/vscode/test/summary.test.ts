import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelStatus, PluginStatus, StatusResult } from "../src/client/requests";
import { summary } from "../src/views/summary";

const model = (id: string, host = "", failure = ""): ModelStatus => ({ id, version: "1", kind: "openai", host, state: "idle", failure });
const plugin = (name: string, state: PluginStatus["state"], reason = ""): PluginStatus => ({ name, version: "1", state, reason });

function status(changes: Partial<StatusResult> & { use?: unknown }): StatusResult {
  const { use, ...rest } = changes;
  return {
    version: "0.1.0", locale: "zh", documents: 1, network: "off", models: [model("skeleton")], broken: [], plugins: [],
    settings: { values: use === undefined ? {} : { "models.use": { value: use, source: "user" } }, problems: [] },
    ...rest,
  };
}

test("without a choice the skeleton answers and nothing leaves", () => {
  assert.deepEqual(summary(status({})), { models: ["skeleton"], hosts: [], troubles: [], problems: [] });
  assert.deepEqual(summary(status({ use: {} })).models, ["skeleton"]);
});

test("the host of a model that is not used is not shown", () => {
  const models = [model("skeleton"), model("ward", "10.0.0.5:8000"), model("other", "10.0.0.9")];
  assert.deepEqual(summary(status({ models, use: { "*": "ward" } })).hosts, ["10.0.0.5:8000"]);
});

test("a choice for one language leaves the skeleton for the rest", () => {
  assert.deepEqual(summary(status({ use: { zh: "ward" } })).models, ["ward", "skeleton"]);
});

test("plugins and models in trouble are named with the reason", () => {
  const found = summary(
    status({
      plugins: [plugin("a", "loaded"), plugin("b", "refused", "is for another version"), plugin("c", "off"), plugin("d", "tripped")],
      broken: [{ name: "x", reason: "has no model.toml" }],
      models: [model("ward", "h", "did not answer")],
      use: { "*": "ward" },
    }),
  );
  assert.deepEqual(found.troubles, ["b: is for another version", "d: tripped", "x: has no model.toml", "ward: did not answer"]);
});
