import en from "./data/en.json";
import zh from "./data/zh.json";
import type { Language } from "./language";

export type StringKey = keyof typeof zh;

const TABLES: Record<Language, Record<StringKey, string>> = { zh, en };

/** The text of `key`, its `{names}` filled in. */
export type Say = (key: StringKey, values?: Record<string, string | number>) => string;

export function sayIn(language: Language): Say {
  return (key, values = {}) =>
    TABLES[language][key].replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}
