import assert from "node:assert/strict";
import { test } from "node:test";
import type { Draft, Evidence, Finding } from "../src/client/requests";
import { render } from "../src/drafts/render";
import { StreamedText } from "../src/drafts/stream";

function range(line: number, from: number, to: number): Evidence["ranges"][number] {
  return { start: { line, character: from }, end: { line, character: to } };
}

function draft(text: string, gaps: Draft["gaps"] = [], findings: Draft["findings"] = []): Draft {
  return {
    id: "0a", task: "t", model: "m", version: "1", language: "zh", text, gaps, findings,
    provenance: { uri: "", note_version: 1, span: [0, 0] },
  };
}

test("pieces put together are the text, to the letter", () => {
  const text = "主诉：咳嗽😀5天；体温［待补充：体温］。\n诊断：肺炎";
  const evidence: Evidence[] = [{ span: [3, 8], ranges: [range(1, 0, 4)] }, { span: [24, 26], ranges: [] }];
  const { pieces } = render({ draft: draft(text, [{ span: [11, 19], element: "t", label: "［待补充：体温］" }]), evidence });
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  assert.deepEqual(pieces.filter(({ gap }) => gap).map((piece) => piece.text), ["［待补充：体温］"]);
});

test("evidence is numbered as it first appears, and the same passage keeps its number", () => {
  const shared = range(4, 0, 2);
  const evidence: Evidence[] = [
    { span: [4, 6], ranges: [shared, range(9, 1, 3)] },
    { span: [0, 2], ranges: [range(2, 0, 5)] },
    { span: [7, 9], ranges: [shared] },
  ];
  const { pieces, sources } = render({ draft: draft("aa, bb, cc"), evidence });
  assert.deepEqual(sources, [range(2, 0, 5), shared, range(9, 1, 3)]);
  assert.deepEqual(pieces.map(({ refs }) => refs), [[1], [2, 3], [2], []]);
});

test("a statement after a character of two units ends where it should", () => {
  const { pieces } = render({ draft: draft("😀a😀b"), evidence: [{ span: [0, 3], ranges: [range(0, 0, 1)] }] });
  assert.deepEqual(pieces.map(({ text, refs }) => [text, refs]), [["😀a😀", [1]], ["b", []]]);
});

test("what is found stands on exactly its characters, the gravest on words of two", () => {
  const text = "😀血钾 3.1 mmol/L，阿莫西林 0.5g";
  const finding = (rule: string, severity: Finding["severity"], from: number, to: number): Finding => ({
    rule, severity, span: [from, to], message: rule, source: "",
  });
  const said = [finding("GR-DRUG", "warning", 15, 24), finding("GR-LAB", "error", 1, 14), finding("GR-DOSE", "error", 20, 24)];
  const { pieces, findings } = render({ draft: draft(text, [], said), evidence: [{ span: [0, 7], ranges: [range(0, 0, 1)] }] });
  assert.deepEqual(findings.map(({ rule }) => rule), ["GR-LAB", "GR-DOSE", "GR-DRUG"]);
  const marked = pieces.map(({ text: words, finding: at }) => [words, at === null ? "" : findings[at]?.rule]);
  assert.deepEqual(marked, [
    ["😀", ""], ["血钾 3.1", "GR-LAB"], [" mmol/L", "GR-LAB"], ["，", ""], ["阿莫西林 ", "GR-DRUG"], ["0.5g", "GR-DOSE"],
  ]);
});

test("parts are appended, and offset 0 begins again", () => {
  const streamed = new StreamedText();
  streamed.add({ offset: 0, text: "😀主" });
  streamed.add({ offset: 2, text: "诉" });
  assert.equal(streamed.text, "😀主诉");
  streamed.add({ offset: 0, text: "skeleton" });
  assert.equal(streamed.text, "skeleton");
});

test("a part that does not join on is left out: the result brings the whole", () => {
  const streamed = new StreamedText();
  streamed.add({ offset: 0, text: "ab" });
  streamed.add({ offset: 5, text: "x" });
  assert.equal(streamed.text, "ab");
});
