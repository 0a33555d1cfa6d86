/** LSP's snippets, as far as the server uses them: tab stops, placeholders, escapes. */

export interface Field {
  /** 0 is where the cursor ends. */
  number: number;
  from: number;
  to: number;
}

export interface Snippet {
  text: string;
  fields: Field[];
}

const PART = /\\([\\$}])|\$(\d+)|\$\{(\d+)(?::((?:\\[\\$}]|[^\\}])*))?\}/g;

/** The text that `source` inserts and where its tab stops are in it. */
export function parseSnippet(source: string): Snippet {
  let text = "";
  let last = 0;
  const fields: Field[] = [];
  for (const match of source.matchAll(PART)) {
    text += source.slice(last, match.index);
    last = match.index + match[0].length;
    const [, escaped, bare, number, placeholder = ""] = match;
    if (escaped !== undefined) {
      text += escaped;
      continue;
    }
    const from = text.length;
    text += placeholder.replace(/\\([\\$}])/g, "$1");
    fields.push({ number: Number(bare ?? number), from, to: text.length });
  }
  text += source.slice(last);
  return { text, fields };
}

/** The tab stops in the order in which Tab goes through them; the last one ends the snippet. */
export function stops(snippet: Snippet): Field[] {
  const order = (field: Field): number => (field.number === 0 ? Number.MAX_SAFE_INTEGER : field.number);
  return [...snippet.fields].sort((a, b) => order(a) - order(b) || a.from - b.from);
}
