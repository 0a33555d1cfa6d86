import assert from "node:assert/strict";
import { test } from "node:test";
import { LARGEST, decode } from "../src/folder/decode";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("UTF-8 is read, with a mark or without", () => {
  assert.deepEqual(decode(bytes("主诉：咳嗽")), { text: "主诉：咳嗽" });
  assert.deepEqual(decode(bytes("\ufeff主诉")), { text: "主诉" });
});

test("UTF-16 with a mark is read", () => {
  const text = Buffer.from("\ufeff主诉：咳嗽", "utf16le");
  assert.deepEqual(decode(text), { text: "主诉：咳嗽" });
});

test("what is no text is skipped, and why is said", () => {
  assert.deepEqual(decode(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 1])), { skipped: "binary" });
  assert.deepEqual(decode(new Uint8Array([0xd6, 0xf7, 0xcb, 0xdf])), { skipped: "encoding" });
  assert.deepEqual(decode(new Uint8Array(LARGEST + 1)), { skipped: "large" });
});
