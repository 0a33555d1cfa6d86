/**
 * Where the server may be installed, best first: the setting, the active Python environment, a
 * `.venv` of a trusted workspace, PATH, and where pipx and uv put programs.
 */

import * as path from "node:path";

export type Origin = "setting" | "python" | "workspace" | "path" | "tool";

export interface Candidate {
  command: string;
  origin: Origin;
}

export interface Surroundings {
  /** The setting `doctorflan.server.path`; empty where it is not set. */
  setting: string;
  /** Folder or interpreter of the active Python environment. */
  python: string | undefined;
  /** Folders of a workspace that the user trusts; none of one that is not trusted. */
  trustedFolders: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  home: string;
  platform: NodeJS.Platform;
}

const PROGRAM = "doctorflan-ls";

/** Every place to look at, in order, each named once. Nothing is looked at here. */
export function candidates(around: Surroundings): Candidate[] {
  const setting = around.setting.trim();
  if (setting !== "") {
    // A chosen path that does not work is an error to be told, not a reason to take another.
    return [{ command: expanded(setting, around), origin: "setting" }];
  }
  const found: Candidate[] = [];
  const seen = new Set<string>();
  for (const candidate of places(around)) {
    if (!seen.has(candidate.command)) {
      seen.add(candidate.command);
      found.push(candidate);
    }
  }
  return found;
}

function* places(around: Surroundings): Generator<Candidate> {
  const system = paths(around.platform);
  if (around.python !== undefined) {
    yield* programs(environmentFolder(around.python, around.platform), "python", around);
  }
  const active = around.environment["VIRTUAL_ENV"] ?? around.environment["CONDA_PREFIX"];
  if (active !== undefined && active !== "") {
    yield* programs(active, "python", around);
  }
  for (const folder of around.trustedFolders) {
    yield* programs(system.join(folder, ".venv"), "workspace", around);
    yield* programs(system.join(folder, "venv"), "workspace", around);
  }
  for (const folder of searchPath(around)) {
    yield* inFolder(folder, "path", around);
  }
  for (const folder of toolFolders(around)) {
    yield* inFolder(folder, "tool", around);
  }
}

/** The environment's own folder, given that or its interpreter. */
function environmentFolder(python: string, platform: NodeJS.Platform): string {
  const system = paths(platform);
  if (!/^(python|pypy)[\d.]*(\.exe)?$/i.test(system.basename(python))) {
    return python;
  }
  const folder = system.dirname(python);
  return /^(bin|scripts)$/i.test(system.basename(folder)) ? system.dirname(folder) : folder;
}

function* programs(environment: string, origin: Origin, around: Surroundings): Generator<Candidate> {
  const system = paths(around.platform);
  yield* inFolder(system.join(environment, around.platform === "win32" ? "Scripts" : "bin"), origin, around);
}

function* inFolder(folder: string, origin: Origin, around: Surroundings): Generator<Candidate> {
  const system = paths(around.platform);
  const ending = around.platform === "win32" ? ".exe" : "";
  yield { command: system.join(folder, PROGRAM + ending), origin };
}

function searchPath(around: Surroundings): string[] {
  const system = paths(around.platform);
  const variable = around.environment["PATH"] ?? around.environment["Path"] ?? "";
  // A relative entry would be looked up in the opened folder, which somebody else may have written.
  return variable.split(system.delimiter).filter((folder) => system.isAbsolute(folder));
}

/** `pipx install` and `uv tool install` link programs here; an editor started from a menu has no such PATH. */
function toolFolders(around: Surroundings): string[] {
  const system = paths(around.platform);
  const named = [around.environment["PIPX_BIN_DIR"], around.environment["UV_TOOL_BIN_DIR"], around.environment["XDG_BIN_HOME"]];
  const usual = [system.join(around.home, ".local", "bin")];
  if (around.platform === "win32") {
    usual.push(system.join(around.home, "pipx", "bin"));
  } else {
    usual.push("/usr/local/bin", "/opt/homebrew/bin");
  }
  return [...named.filter((folder): folder is string => folder !== undefined && folder !== ""), ...usual];
}

function expanded(setting: string, around: Surroundings): string {
  const system = paths(around.platform);
  return /^~[\\/]/.test(setting) ? system.join(around.home, setting.slice(2)) : setting;
}

function paths(platform: NodeJS.Platform): path.PlatformPath {
  return platform === "win32" ? path.win32 : path.posix;
}
