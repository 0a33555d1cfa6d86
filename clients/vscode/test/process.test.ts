import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { ensureEnded, isExecutable, startServer, versionOutput } from "../src/server/process";
import { printedVersion } from "../src/server/version";

let folder = "";

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "doctorflan-"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function program(name: string, source: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `#!${process.execPath}\n${source}`);
  await chmod(file, 0o755);
  return file;
}

test("a program's version is asked; one that fails has none", async () => {
  const good = await program("good", 'console.log("doctorflan-ls 0.3.1")');
  const bad = await program("bad", "process.exit(3)");
  assert.deepEqual(printedVersion(await versionOutput(good)), [0, 3, 1]);
  assert.equal(await versionOutput(bad), "");
  assert.equal(await versionOutput(path.join(folder, "absent")), "");
});

test("a file that may not be run is none to start", async () => {
  const file = path.join(folder, "plain.txt");
  await writeFile(file, "text");
  assert.equal(await isExecutable(file), false);
  assert.equal(await isExecutable(path.join(folder, "absent")), false);
});

test("the last line of standard error says why a server ended", async () => {
  const crashing = await program("crashing", 'console.error("first"); console.error("no module named x\\n"); process.exit(4)');
  const lines: string[] = [];
  const started = await startServer(crashing, [], (line) => lines.push(line));
  assert.deepEqual(await started.ended, { code: 4, lastLine: "no module named x" });
  assert.equal(lines[0], "first");
});

test("a program that is not there is an error to be told", async () => {
  await assert.rejects(startServer(path.join(folder, "absent"), [], () => undefined));
});

test("a server that ignores the end of its input is ended", { timeout: 10_000 }, async () => {
  const stubborn = await program("stubborn", 'process.stdin.resume(); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)');
  const started = await startServer(stubborn, [], () => undefined);
  await ensureEnded(started);
  assert.notEqual(started.process.signalCode, null);
});
