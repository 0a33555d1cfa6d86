/** The languages of the component. */

export type Language = "zh" | "en";

/** `zh` for every Chinese tag, `en` for all others; without a tag, Chinese. */
export function languageOf(tag: string | null): Language {
  return tag === null || tag === "" || tag.toLowerCase().startsWith("zh") ? "zh" : "en";
}
