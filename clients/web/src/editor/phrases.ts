/** The editor's own words in the doctor's language. */

import { EditorState, type Extension } from "@codemirror/state";
import zh from "../data/phrases.zh.json";
import type { Language } from "../language";

export type PhraseTable = Readonly<Record<string, string>>;

export function phraseTable(language: Language): PhraseTable {
  return language === "zh" ? zh : {};
}

export function phrases(table: PhraseTable): Extension {
  return EditorState.phrases.of(table);
}
