import assert from "node:assert/strict";
import { test } from "node:test";
import type * as vscode from "vscode";
import type { StandingDraft } from "../src/client/requests";
import { dismissingAction } from "../src/drafts/actions";
import { draftAt } from "../src/review/cursor";
import { dismissFinding, restoreFindings } from "../src/review/findings";
import { isCalculated } from "../src/review/ids";
import type { Services } from "../src/services";
import { choose, CodeAction, CodeActionKind, shown, window, type Item } from "./editor";

const REASONS = [
  { id: "checked", title: "已核对，无误" },
  { id: "not-applicable", title: "不适用于本例" },
  { id: "wrong", title: "提示有误" },
];
const DISMISSAL = { uri: "file:///a.note", rule: "ZA-04", reach: "place", place: "0".repeat(64), reason: "wrong" };

interface Sent {
  method: string;
  params: { command?: string; arguments?: unknown[] };
}

/** The extension's services with a server that remembers what it is sent. */
function server(answer: object = { documents: [], reasons: [], dismissReasons: REASONS }): { services: Services; executed: () => Sent["params"][] } {
  const sent: Sent[] = [];
  const client = {
    sendRequest: (method: string, params: Sent["params"]): Promise<unknown> => {
      sent.push({ method, params });
      return Promise.resolve(method === "doctorflan/drafts" ? answer : null);
    },
  };
  const services = { server: { ready: () => Promise.resolve(client) } } as unknown as Services;
  return { services, executed: () => sent.filter(({ method }) => method === "workspace/executeCommand").map(({ params }) => params) };
}

test("the reason of the action stands first, the one that is chosen is sent", async () => {
  const { services, executed } = server();
  choose((items) => items.find(({ id }) => id === "not-applicable"));
  await dismissFinding(services, DISMISSAL);
  assert.deepEqual(shown.lists[0]?.map(({ id }) => id), ["wrong", "checked", "not-applicable"]);
  assert.deepEqual(executed(), [{ command: "doctorflan.dismiss", arguments: [{ ...DISMISSAL, reason: "not-applicable" }] }]);
});

test("Escape at the reasons leaves the finding", async () => {
  const { services, executed } = server();
  choose(() => undefined);
  await dismissFinding(services, DISMISSAL);
  assert.equal(shown.lists.length, 1);
  assert.deepEqual(executed(), []);
});

test("a server that lists no reasons gets the action's own", async () => {
  const { services, executed } = server({ documents: [], reasons: [] });
  choose(() => undefined);
  await dismissFinding(services, DISMISSAL);
  assert.deepEqual(executed(), [{ command: "doctorflan.dismiss", arguments: [DISMISSAL] }]);
});

for (const argument of [undefined, null, {}, { ...DISMISSAL, reason: 1 }, "ZA-04"]) {
  test(`nothing is put aside for ${JSON.stringify(argument)}`, async () => {
    const { services, executed } = server();
    choose(([first]) => first);
    await dismissFinding(services, argument);
    assert.deepEqual(executed(), []);
  });
}

test("findings come back in the note, or everywhere, and not on Escape", async () => {
  const document = { languageId: "clinicalnote", uri: { toString: () => DISMISSAL.uri } };
  window.activeTextEditor = { document } as vscode.TextEditor;
  const cases: [(items: Item[]) => Item | undefined, object[]][] = [
    [([first]) => first, [{ uri: DISMISSAL.uri }]],
    [(items) => items.at(-1), [{}]],
    [() => undefined, []],
  ];
  for (const [by, expected] of cases) {
    const { services, executed } = server();
    choose(by);
    await restoreFindings(services);
    assert.deepEqual(executed(), expected.map((argument) => ({ command: "doctorflan.restore", arguments: [argument] })));
  }
  window.activeTextEditor = undefined;
});

test("an action that puts aside asks first, and keeps the finding it is about", () => {
  const action = new CodeAction("ZA-04：提示有误", new CodeActionKind("quickfix.doctorflan"));
  const finding = { message: "主诉较长" } as unknown as vscode.Diagnostic;
  action.command = { title: action.title, command: "doctorflan.dismiss", arguments: [DISMISSAL] };
  action.diagnostics = [finding];
  const made = dismissingAction(action as unknown as vscode.CodeAction);
  assert.equal(made?.command?.command, "doctorflan.findings.dismiss");
  assert.deepEqual(made.command.arguments, [DISMISSAL]);
  assert.deepEqual(made.diagnostics, [finding]);
  action.command = { title: "", command: "doctorflan.reviewed" };
  assert.equal(dismissingAction(action as unknown as vscode.CodeAction), undefined);
});

function standing(id: string, from: number, to: number, character: number): StandingDraft {
  const range = { start: { line: from, character: 0 }, end: { line: to, character } };
  return { id, task: "case-summary", title: id, model: "m", range, modified: null };
}

test("the cursor is in a draft from its first marker line to its last", () => {
  const drafts = [standing("a", 2, 5, 0), standing("b", 7, 9, 12)];
  const found = [1, 2, 4, 5, 6, 7, 9, 10].map((line) => draftAt(drafts, line)?.id ?? "");
  assert.deepEqual(found, ["", "a", "a", "", "", "b", "b", ""]);
});

test("a calculator's line is told from other drafts by its task", () => {
  assert.deepEqual(["calculator/egfr", "case-summary", "calculators"].map(isCalculated), [true, false, false]);
});
