import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeSet, EditorState, Text } from "@codemirror/state";
import { contentChanges } from "../src/text/changes";
import { pointLength, unitOffset, unitOffsets } from "../src/text/codepoints";
import { editsOf, offset, place, position, range, replacements } from "../src/text/positions";
import { Random } from "./random";

/** What a server does with a change of LSP, written without the code under test. */
function changed(text: string, change: { range: { start: P; end: P }; text: string }): string {
  const at = ({ line, character }: P): number => text.split("\n").slice(0, line).reduce((sum, each) => sum + each.length + 1, character);
  return text.slice(0, at(change.range.start)) + change.text + text.slice(at(change.range.end));
}

interface P {
  line: number;
  character: number;
}

function doc(text: string): Text {
  return Text.of(text.split("\n"));
}

test("an offset comes back from its position", () => {
  const random = new Random(1);
  for (let round = 0; round < 500; round += 1) {
    const text = doc(random.text(60));
    const at = random.to(text.length);
    assert.equal(offset(text, position(text, at)), at);
  }
});

test("a position behind the end of its line or of the text is clamped", () => {
  const text = doc("ab\nc");
  assert.equal(offset(text, { line: 0, character: 99 }), 2);
  assert.equal(offset(text, { line: 9, character: 0 }), 4);
  assert.deepEqual(place(text, { start: { line: 0, character: 1 }, end: { line: 1, character: 9 } }), { from: 1, to: 4 });
});

test("astral characters count two units", () => {
  const text = doc("😀痛");
  assert.deepEqual(position(text, 3), { line: 0, character: 3 });
  assert.deepEqual(range(text, 0, 2).end, { line: 0, character: 2 });
});

test("the changes sent, one after the other, make the editor's text", () => {
  const random = new Random(2);
  for (let round = 0; round < 500; round += 1) {
    const before = doc(random.text(80));
    let changes = ChangeSet.empty(before.length);
    let now = before;
    for (let step = 0; step < 1 + random.to(4); step += 1) {
      const [from, to] = random.span(now.length);
      const next = ChangeSet.of({ from, to, insert: random.text(6) }, now.length, "\n");
      now = next.apply(now);
      changes = changes.compose(next);
    }
    const sent = contentChanges(before, changes).reduce(changed, before.toString());
    assert.equal(sent, now.toString());
  }
});

test("the server's edits do in the editor what they say", () => {
  const random = new Random(3);
  for (let round = 0; round < 300; round += 1) {
    const text = random.text(60);
    const state = EditorState.create({ doc: doc(text) });
    const [a, b] = random.span(state.doc.length);
    const [c, d] = [b, b + random.to(state.doc.length - b)];
    const edits = [
      { range: range(state.doc, c, d), newText: "二\n行" },
      { range: range(state.doc, a, b), newText: "一" },
    ];
    // From the last to the first, as LSP's edits are all of the text before any.
    const expected = edits.reduce((done, edit) => changed(done, { range: edit.range, text: edit.newText }), text);
    const changes = replacements(state.doc, edits.reverse());
    assert.equal(state.update({ changes }).state.doc.toString(), expected);
  }
});

test("edits of other documents are left out, in both forms", () => {
  const edit = { range: range(doc("a"), 0, 1), newText: "b" };
  const versioned = (uri: string): object => ({ textDocument: { uri, version: 1 }, edits: [edit] });
  const documentChanges = [versioned("x:a"), versioned("x:b")] as never;
  assert.deepEqual(editsOf({ documentChanges }, "x:a"), [edit]);
  assert.deepEqual(editsOf({ changes: { "x:a": [edit], "x:b": [edit, edit] } }, "x:a"), [edit]);
  assert.deepEqual(editsOf({ changes: {} }, "x:a"), []);
});

test("code points and units agree with the language's own iteration", () => {
  const random = new Random(4);
  for (let round = 0; round < 500; round += 1) {
    const text = random.text(40);
    const points = Array.from(text);
    assert.equal(pointLength(text), points.length);
    const asked = Array.from({ length: 5 }, () => random.to(points.length));
    const expected = asked.map((point) => points.slice(0, point).join("").length);
    assert.deepEqual(unitOffsets(text, asked), expected);
  }
  assert.equal(unitOffset("a", 7), 1);
});
