import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { before, test } from "node:test";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";

let grammar: IGrammar;

before(async () => {
  const wasm = createRequire(path.resolve("package.json")).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(await readFile(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () =>
      textmate.parseRawGrammar(await readFile("syntaxes/clinicalnote.tmLanguage.json", "utf8"), "clinicalnote.json"),
  });
  const loaded = await registry.loadGrammar("text.clinicalnote");
  assert.ok(loaded);
  grammar = loaded;
});

/** The texts of `lines` that have a scope beginning with `scope`. */
function scoped(lines: readonly string[], scope: string): string[] {
  const found: string[] = [];
  let state = textmate.INITIAL;
  for (const line of lines) {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    for (const token of result.tokens) {
      if (token.scopes.some((each) => each.startsWith(scope))) {
        found.push(line.slice(token.startIndex, token.endIndex));
      }
    }
  }
  return found;
}

test("headings are found in Chinese and in English", () => {
  const lines = ["主诉：咳嗽3天。", "【既往史】", "一、体格检查:", "History of Present Illness: cough", "ASSESSMENT AND PLAN", "Plan: rest"];
  assert.deepEqual(scoped(lines, "markup.heading"), [
    "主诉", "【既往史】", "一、体格检查", "History of Present Illness", "ASSESSMENT AND PLAN", "Plan",
  ]);
});

test("a sentence is no heading", () => {
  const lines = ["患者3天前受凉后出现咳嗽，自述：加重", "She said: it hurts", "BP 120/80mmHg"];
  assert.deepEqual(scoped(lines, "markup.heading"), []);
});

test("values are found with their units", () => {
  const lines = ["T 38.8℃，BP 168/98mmHg，WBC 15.2×10^9/L，K+ 4.1mmol/L，SpO2 92%，肌酐 112μmol/L", "glucose 160 mg/dL on 2026-03-12"];
  assert.deepEqual(scoped(lines, "constant.numeric"), ["38.8", "168/98", "15.2", "4.1", "92", "112", "160"]);
});

test("a draft is told from the doctor's text until its closing line", () => {
  const lines = [
    "〔DoctorFLAN 草稿 待审核｜病例总结｜case-summary｜skeleton 1｜#0a1b2c3d〕",
    "主诉：咳嗽",
    "建议：［待补充：检查］",
    "〔DoctorFLAN 草稿结束｜#0a1b2c3d〕",
    "诊断：肺炎",
  ];
  assert.deepEqual(scoped(lines, "keyword.control.draft"), [lines[0], lines[3]]);
  assert.deepEqual(scoped(lines, "invalid.deprecated.gap"), ["［待补充：检查］"]);
  assert.deepEqual(scoped(lines, "markup.heading"), ["诊断"]);
});

test("an English draft is one too", () => {
  const lines = [
    "〔DoctorFLAN draft, to be reviewed｜Case Summary｜case-summary｜skeleton 1｜#0a〕",
    "Plan: [to be added: tests]",
    "〔DoctorFLAN end of draft｜#0a〕",
    "Plan: rest",
  ];
  assert.deepEqual(scoped(lines, "markup.heading"), ["Plan"]);
  assert.deepEqual(scoped(lines, "invalid.deprecated.gap"), ["[to be added: tests]"]);
});
