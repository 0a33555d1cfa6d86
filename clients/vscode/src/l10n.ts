/**
 * The extension's own words. The setting `doctorflan.language` decides, as it does for the server's;
 * without it VS Code's display language.
 */

import * as vscode from "vscode";
import chinese from "../l10n/bundle.l10n.zh-cn.json";
import { filled } from "./text/filled";

export type Locale = "zh" | "en";

const CHINESE: Readonly<Record<string, string>> = chinese;

export function locale(): Locale {
  const setting = vscode.workspace.getConfiguration("doctorflan").get<string>("language", "auto");
  if (setting === "zh" || setting === "en") {
    return setting;
  }
  return vscode.env.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** `message` in the user's language; `{0}` ... are replaced by `values`. */
export function t(message: string, ...values: (string | number)[]): string {
  return filled(locale() === "zh" ? (CHINESE[message] ?? message) : message, values);
}
