/** What can keep the server from running, in words and with what to do about it. */

import { t } from "../l10n";

export type Problem =
  | { kind: "missing" }
  | { kind: "bad-path"; path: string }
  | { kind: "not-ours"; path: string }
  | { kind: "too-old"; version: string; minimum: string }
  | { kind: "start-crash"; code: number | null; lastLine: string }
  | { kind: "crashing"; times: number }
  | { kind: "silent"; seconds: number };

export type Remedy = "copyInstall" | "copyUpgrade" | "openSetting" | "restart" | "showLog" | "openGuide";

export const INSTALL_COMMAND = "pipx install ./doctorflan-ls";
export const UPGRADE_COMMAND = "pipx install --force ./doctorflan-ls";

/** One sentence: what is wrong and how to mend it. */
export function sentence(problem: Problem): string {
  switch (problem.kind) {
    case "missing":
      return t("DoctorFLAN's language server is not installed on this machine: install it beside a clone of its repository with `{0}`, or set doctorflan.server.path to where it is.", INSTALL_COMMAND);
    case "bad-path":
      return t("doctorflan.server.path is set to {0}, where there is no program that can be run: correct it, or empty it to have the server found by itself.", problem.path);
    case "not-ours":
      return t("{0} did not answer as doctorflan-ls does: set doctorflan.server.path to the right program, or empty it.", problem.path);
    case "too-old":
      return t("doctorflan-ls {0} is too old for this extension, which wants {1} or newer: upgrade it with `{2}`.", problem.version, problem.minimum, UPGRADE_COMMAND);
    case "start-crash":
      return problem.lastLine === ""
        ? t("DoctorFLAN's server ended while it started (exit code {0}); your text is untouched. Its log may say why.", problem.code ?? "-")
        : t("DoctorFLAN's server ended while it started (exit code {0}): {1}", problem.code ?? "-", problem.lastLine);
    case "crashing":
      return t("DoctorFLAN's server ended {0} times within three minutes and is not started again by itself; your text is untouched and can be edited and saved.", problem.times);
    case "silent":
      return t("DoctorFLAN's server has not answered for {0} seconds; you can go on writing, or restart it.", problem.seconds);
  }
}

export function remedies(problem: Problem): Remedy[] {
  switch (problem.kind) {
    case "missing":
      return ["copyInstall", "openSetting", "openGuide"];
    case "bad-path":
    case "not-ours":
      return ["openSetting", "copyInstall"];
    case "too-old":
      return ["copyUpgrade", "openSetting"];
    case "start-crash":
    case "crashing":
    case "silent":
      return ["restart", "showLog"];
  }
}

export function remedyTitle(remedy: Remedy): string {
  switch (remedy) {
    case "copyInstall":
      return t("Copy install command");
    case "copyUpgrade":
      return t("Copy upgrade command");
    case "openSetting":
      return t("Open setting");
    case "restart":
      return t("Restart");
    case "showLog":
      return t("Show log");
    case "openGuide":
      return t("Open guide");
  }
}
