import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import demo from "../demo/demo.json";
import en from "../src/data/en.json";
import zh from "../src/data/zh.json";
import { languageOf } from "../src/language";
import { sayIn } from "../src/strings";

const SOURCES = path.join(import.meta.dirname, "..", "src");

test("both languages have the same keys, with the same places to fill in", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [key, text] of Object.entries(zh)) {
    assert.deepEqual(places(en[key as keyof typeof en]), places(text), key);
  }
  assert.deepEqual(Object.keys(demo.en).sort(), Object.keys(demo.zh).sort());
});

test("every string is used", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const code = files.map((name) => readFileSync(path.join(SOURCES, name), "utf8")).join("\n");
  assert.deepEqual(Object.keys(zh).filter((key) => !code.includes(`"${key}"`)), []);
});

test("no sentence commands", () => {
  for (const text of [...Object.values(zh), ...Object.values(en), ...Object.values(demo.zh), ...Object.values(demo.en)]) {
    assert.doesNotMatch(text, /必须|\bmust\b/i);
  }
});

test("a value that looks like a place is not filled again", () => {
  assert.equal(sayIn("zh")("panel.asked", { question: "{question}$&" }), "追问：{question}$&");
});

test("a tag becomes a language", () => {
  assert.deepEqual(["zh-CN", "zh", "", null, "en-GB", "de"].map(languageOf), ["zh", "zh", "zh", "zh", "en", "en"]);
});
