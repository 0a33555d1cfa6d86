import assert from "node:assert/strict";
import { test } from "node:test";
import { RestartPolicy } from "../src/server/restart";

const LIMITS = { most: 3, within: 1_000, first: 10, longest: 30 };

test("each restart waits longer, up to a bound, and the one too many is not made", () => {
  const policy = new RestartPolicy(LIMITS, () => 0);
  assert.deepEqual([policy.died(), policy.died(), policy.died(), policy.died()], [10, 20, 30, undefined]);
});

test("deaths long ago are forgotten", () => {
  let now = 0;
  const policy = new RestartPolicy(LIMITS, () => now);
  for (let count = 0; count < 3; count += 1) {
    policy.died();
  }
  now = 1_000;
  assert.equal(policy.died(), 10);
  assert.equal(policy.count, 1);
});

test("a start that the user asked for begins anew", () => {
  const policy = new RestartPolicy(LIMITS, () => 0);
  policy.died();
  policy.died();
  policy.forget();
  assert.equal(policy.died(), 10);
});
