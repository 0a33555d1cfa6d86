import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, type Surroundings } from "../src/server/locate";

function around(changes: Partial<Surroundings>): Surroundings {
  return { setting: "", python: undefined, trustedFolders: [], environment: {}, home: "/home/d", platform: "linux", ...changes };
}

function commands(changes: Partial<Surroundings>): string[] {
  return candidates(around(changes)).map(({ command }) => command);
}

test("the setting is the only candidate, so that a wrong one is told and not passed over", () => {
  const found = candidates(around({ setting: " ~/bin/doctorflan-ls ", environment: { PATH: "/usr/bin" } }));
  assert.deepEqual(found, [{ command: "/home/d/bin/doctorflan-ls", origin: "setting" }]);
});

test("places come in order: Python environment, trusted folder, PATH, tools", () => {
  const found = commands({
    python: "/envs/ward/bin/python3.11",
    trustedFolders: ["/notes"],
    environment: { PATH: "/usr/bin:/opt/bin", VIRTUAL_ENV: "/envs/active" },
  });
  assert.deepEqual(found.slice(0, 7), [
    "/envs/ward/bin/doctorflan-ls",
    "/envs/active/bin/doctorflan-ls",
    "/notes/.venv/bin/doctorflan-ls",
    "/notes/venv/bin/doctorflan-ls",
    "/usr/bin/doctorflan-ls",
    "/opt/bin/doctorflan-ls",
    "/home/d/.local/bin/doctorflan-ls",
  ]);
});

test("an environment may be named by its folder or by its interpreter", () => {
  const [byFolder] = commands({ python: "/envs/ward" });
  const [byProgram] = commands({ python: "/envs/ward/bin/python" });
  assert.equal(byFolder, "/envs/ward/bin/doctorflan-ls");
  assert.equal(byProgram, byFolder);
});

test("a folder that is not trusted offers nothing", () => {
  assert.ok(commands({ trustedFolders: [] }).every((command) => !command.includes("venv")));
});

test("a relative entry of PATH would be looked up in the opened folder and is left out", () => {
  assert.ok(commands({ environment: { PATH: ".:bin:/usr/bin" } }).every((command) => command.startsWith("/")));
});

test("each place is looked at once", () => {
  const found = commands({ environment: { PATH: "/usr/local/bin:/home/d/.local/bin:/usr/local/bin" } });
  assert.equal(new Set(found).size, found.length);
});

test("on Windows the program ends in .exe and stands in Scripts", () => {
  const [first, second] = commands({
    platform: "win32",
    home: "C:\\Users\\d",
    python: "C:\\envs\\ward\\Scripts\\python.exe",
    environment: { Path: "C:\\tools;tools" },
  });
  assert.equal(first, "C:\\envs\\ward\\Scripts\\doctorflan-ls.exe");
  assert.equal(second, "C:\\tools\\doctorflan-ls.exe");
});
