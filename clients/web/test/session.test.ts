import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeSet, Text } from "@codemirror/state";
import { placed } from "../src/editor/edits";
import { NoteSession, Tracker } from "../src/editor/session";
import { range } from "../src/text/positions";
import { Random } from "./random";

const URI = "x:note";

/** A session whose editor and server are a text each, changed by hand. */
class Bench {
  doc: Text;
  server = "";
  version = 0;
  readonly session: NoteSession;

  constructor(text: string) {
    this.doc = Text.of(text.split("\n"));
    const connection = {
      connected: true,
      notify: (method: string, params: never) => {
        this.hear(method, params);
      },
    };
    this.session = new NoteSession(URI, () => connection as never);
    this.session.view = { state: { doc: this.doc }, compositionStarted: false } as never;
  }

  type(from: number, to: number, insert: string): void {
    const changes = ChangeSet.of({ from, to, insert }, this.doc.length, "\n");
    this.doc = changes.apply(this.doc);
    this.session.view = { state: { doc: this.doc } } as never;
    this.session.updated({ docChanged: true, changes } as never);
  }

  private hear(method: string, params: Heard): void {
    if (method === "textDocument/didOpen") {
      this.server = params.textDocument.text;
    } else if (method === "textDocument/didChange") {
      assert.equal(params.textDocument.version, this.version + 1);
      for (const change of params.contentChanges) {
        const { start, end } = change.range;
        const at = (line: number, character: number): number =>
          this.server.split("\n").slice(0, line).reduce((sum, each) => sum + each.length + 1, character);
        const [from, to] = [at(start.line, start.character), at(end.line, end.character)];
        this.server = this.server.slice(0, from) + change.text + this.server.slice(to);
      }
    }
    this.version = params.textDocument.version;
  }
}

interface Heard {
  textDocument: { version: number; text: string };
  contentChanges: { range: { start: P; end: P }; text: string }[];
}

interface P {
  line: number;
  character: number;
}

test("the server's text is the editor's after every flush, versions count on", () => {
  const random = new Random(6);
  const bench = new Bench(random.text(200));
  bench.session.open();
  for (let round = 0; round < 300; round += 1) {
    const [from, to] = random.span(bench.doc.length);
    bench.type(from, Math.min(to, from + random.to(5)), random.text(5));
    if (random.next() < 0.4) {
      bench.session.flush();
      assert.equal(bench.server, bench.doc.toString());
    }
    if (random.next() < 0.02) {
      bench.session.forget();
      bench.type(0, 0, "断线时输入");
      bench.session.open();
      assert.equal(bench.server, bench.doc.toString());
    }
  }
  bench.session.forget();
});

test("an answer about an older version is placed in the present text", () => {
  const bench = new Bench("主诉\n\n诊断");
  bench.session.open();
  const asked = bench.session.currentVersion;
  bench.type(0, 0, "一行\n");
  bench.session.flush();
  bench.type(0, 0, "又一行\n");
  const tracker = bench.session.trackFrom(asked);
  assert.equal(tracker.doc.toString(), "主诉\n\n诊断");
  const edit = { documentChanges: [{ textDocument: { uri: URI, version: asked }, edits: [{ range: range(tracker.doc, 3, 3), newText: "草稿\n" }] }] };
  const items = placed(edit, bench.session, tracker);
  assert.equal(bench.doc.sliceString(items?.[0]?.from ?? 0), "\n诊断");
  bench.session.forget();
});

test("an edit of words that changed meanwhile is not applied", () => {
  const bench = new Bench("旧草稿");
  bench.session.open();
  const tracker = bench.session.track();
  const edit = { changes: { [URI]: [{ range: range(tracker.doc, 0, 3), newText: "新草稿" }] } };
  assert.equal(placed(edit, bench.session, tracker)?.length, 1);
  bench.type(3, 3, "后");
  assert.deepEqual(placed(edit, bench.session, tracker), [{ from: 0, to: 3, insert: "新草稿" }]);
  bench.type(1, 2, "");
  assert.equal(placed(edit, bench.session, tracker), undefined);
  bench.session.forget();
});

test("a tracker that is released follows no more", () => {
  const ended: Tracker[] = [];
  const tracker = new Tracker(Text.of(["a"]), (each) => ended.push(each));
  tracker.release();
  assert.deepEqual(ended, [tracker]);
});
