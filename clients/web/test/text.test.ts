import assert from "node:assert/strict";
import { test } from "node:test";
import { dismissalOf, inOrder } from "../src/dismissing";
import { backoff } from "../src/lsp/backoff";
import { Growing } from "../src/text/growing";
import { cut } from "../src/text/pieces";
import { parseSnippet, stops } from "../src/text/snippet";
import { decodeTokens } from "../src/text/tokens";
import { Random } from "./random";

test("a snippet's tab stops lie where their placeholders are", () => {
  const { text, fields } = parseSnippet("价 \\$5 \\\\ \\}：${1:［待补充：\\}］}，$2$0");
  assert.equal(text, "价 $5 \\ }：［待补充：}］，");
  const [first, second, last] = fields;
  assert.equal(text.slice(first?.from, first?.to), "［待补充：}］");
  assert.deepEqual([second?.from, last?.from], [text.length, text.length]);
});

test("tab stops go by number and end at 0", () => {
  const snippet = parseSnippet("$0 ${2:b} ${1:a}");
  assert.deepEqual(stops(snippet).map(({ number }) => number), [1, 2, 0]);
});

test("escaped text comes through a snippet unchanged", () => {
  const random = new Random(5);
  const odd = ["$", "{", "}", "\\", "${1:x}", "$1"];
  for (let round = 0; round < 300; round += 1) {
    const text = Array.from({ length: random.to(12) }, () => random.text(2) + (odd[random.to(odd.length - 1)] ?? "")).join("");
    const snippet = parseSnippet(text.replace(/[\\$}]/g, "\\$&"));
    assert.equal(snippet.text, text);
    assert.deepEqual(snippet.fields, []);
  }
});

test("partial results make the text, also where the model starts again", () => {
  const growing = new Growing();
  assert.equal(growing.add({ offset: 0, text: "胸😀" }), "胸😀");
  assert.equal(growing.add({ offset: 2, text: "痛" }), "胸😀痛");
  assert.equal(growing.add({ offset: 0, text: "提纲" }), "提纲");
  assert.equal(growing.add({ offset: 1, text: "要" }), "提要");
});

test("a draft is cut without losing a character, each passage has one number", () => {
  const at = (line: number): object => ({ start: { line, character: 0 }, end: { line, character: 3 } });
  const text = "😀胸痛3小时；［待补充：诱因］。胸痛";
  const points = Array.from(text);
  const span = (part: string, from = 0): [number, number] => {
    const start = Array.from(text.slice(0, text.indexOf(part, from))).length;
    return [start, start + Array.from(part).length];
  };
  const { pieces, sources } = cut({
    draft: { text, gaps: [{ span: span("［待补充：诱因］"), element: "x", label: "x" }], findings: [] } as never,
    evidence: [
      { span: span("胸痛3小时"), ranges: [at(1), at(2)] as never },
      { span: [points.length - 2, points.length], ranges: [at(2)] as never },
    ],
  });
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  assert.deepEqual(pieces.filter(({ gap }) => gap).map((piece) => piece.text), ["［待补充：诱因］"]);
  assert.deepEqual(pieces.find((piece) => piece.text.endsWith("3小时"))?.sources, [1, 2]);
  assert.deepEqual(pieces.at(-1)?.sources, [2]);
  assert.equal(sources.length, 2);
});

test("what is found stands on exactly its characters, the gravest on words of two", () => {
  const text = "😀血钾 3.1 mmol/L，阿莫西林 0.5g";
  const finding = (rule: string, severity: string, from: number, to: number): object => ({ rule, severity, span: [from, to] });
  const said = [finding("GR-DRUG", "warning", 15, 24), finding("GR-LAB", "error", 1, 14), finding("GR-DOSE", "error", 20, 24)];
  const { pieces, findings } = cut({ draft: { text, gaps: [], findings: said } as never, evidence: [{ span: [0, 7], ranges: [] }] });
  assert.deepEqual(findings.map(({ rule }) => rule), ["GR-LAB", "GR-DOSE", "GR-DRUG"]);
  const marked = pieces.map(({ text: words, finding: at }) => [words, at === undefined ? "" : findings[at]?.rule]);
  assert.deepEqual(marked, [
    ["😀", ""], ["血钾 3.1", "GR-LAB"], [" mmol/L", "GR-LAB"], ["，", ""], ["阿莫西林 ", "GR-DRUG"], ["0.5g", "GR-DOSE"],
  ]);
});

test("the reason of the action comes first, and only a dismissal is one", () => {
  const reasons = ["checked", "elsewhere", "wrong"].map((id) => ({ id, title: id }));
  assert.deepEqual(inOrder(reasons, "wrong").map(({ id }) => id), ["wrong", "checked", "elsewhere"]);
  assert.deepEqual(inOrder(reasons, "unknown"), reasons);
  const dismissal = { uri: "u", rule: "ZA-04", reach: "user", reason: "checked" };
  assert.equal(dismissalOf({ title: "", command: "doctorflan.dismiss", arguments: [dismissal] }), dismissal);
  assert.equal(dismissalOf({ title: "", command: "doctorflan.reviewed", arguments: [dismissal] }), undefined);
  assert.equal(dismissalOf(undefined), undefined);
});

test("semantic tokens are read line by line", () => {
  const legend = { tokenTypes: ["namespace", "number"], tokenModifiers: ["draft", "abnormal"] };
  assert.deepEqual(decodeTokens([2, 3, 4, 1, 2, 0, 5, 1, 0, 3, 1, 0, 2, 9, 0], legend), [
    { line: 2, character: 3, length: 4, type: "number", modifiers: ["abnormal"] },
    { line: 2, character: 8, length: 1, type: "namespace", modifiers: ["draft", "abnormal"] },
    { line: 3, character: 0, length: 2, type: "unknown", modifiers: [] },
  ]);
});

test("waits double, are spread, and end at ten seconds", () => {
  assert.deepEqual([0, 1, 2, 3].map((attempt) => backoff(attempt, 0)), [400, 800, 1600, 3200]);
  assert.equal(backoff(50, 0), 10_000);
  assert.ok(backoff(3, 0.999) >= 1600);
});
