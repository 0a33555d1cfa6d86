import assert from "node:assert/strict";
import { test } from "node:test";
import { isOlder, plainVersion, printedVersion, shown } from "../src/server/version";

test("the version is read from what the program prints", () => {
  assert.deepEqual(printedVersion("doctorflan-ls 0.12.3\n"), [0, 12, 3]);
  assert.deepEqual(printedVersion("doctorflan-ls 1.4"), [1, 4, 0]);
  assert.deepEqual(printedVersion("doctorflan-ls 0.2.0.dev3+local"), [0, 2, 0]);
});

test("another program's answer is no version", () => {
  assert.equal(printedVersion("Python 3.11.2"), undefined);
  assert.equal(printedVersion(""), undefined);
  assert.equal(plainVersion("newest"), undefined);
});

test("versions compare by number, not by letter", () => {
  assert.equal(isOlder([0, 9, 0], [0, 10, 0]), true);
  assert.equal(isOlder([0, 10, 0], [0, 9, 9]), false);
  assert.equal(isOlder([1, 0, 0], [1, 0, 0]), false);
  assert.equal(isOlder([1, 0, 0], [1, 0, 1]), true);
  assert.equal(shown([1, 2, 0]), "1.2.0");
});
