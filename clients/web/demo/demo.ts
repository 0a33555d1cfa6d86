/** The demo page: one note, the examples, and the server that served it. */

import { mount, type Language } from "../src/index";
import table from "./demo.json";

interface Example {
  name: string;
  language: Language;
  text: string;
}

const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const chosen = new URLSearchParams(location.search).get("lang");
let language: Language = chosen === "en" ? "en" : "zh";

const note = mount(byId("note", HTMLElement), { token, language, server: `ws://${location.host}/lsp` });
const select = byId("example", HTMLSelectElement);
let examples: Example[] = [];
let opened = "";

function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) {
    throw new Error(`the page has no ${id}`);
  }
  return found;
}

function firstLines(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const complaint = lines.find((line) => /^(主诉|chief complaint|cc\b)/iu.test(line));
  return [lines[0], complaint].filter((line) => line !== undefined).join(" · ").slice(0, 40);
}

function translate(): void {
  const words = table[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = words.title;
  byId("title", HTMLElement).textContent = words.title;
  byId("choose", HTMLElement).textContent = words.example;
  byId("new", HTMLButtonElement).textContent = words.new;
  byId("language", HTMLButtonElement).textContent = words.other;
  byId("hint", HTMLElement).textContent = words.hint;
  note.language = language;
  // Those in the page's language come first.
  const order = [...examples].sort((a, b) => Number(b.language === language) - Number(a.language === language));
  select.replaceChildren(
    ...order.map(({ name, text }) => {
      const option = new Option(firstLines(text), name);
      option.selected = name === opened;
      return option;
    }),
  );
}

/** Another note in the place of this one; a changed one is given up only if the doctor agrees. */
function open(name: string, text: string): void {
  if (note.value.trim() !== "" && note.value !== textOf(opened) && !confirm(table[language].replace)) {
    select.value = opened;
    return;
  }
  opened = name;
  note.uri = `clinical-note:${crypto.randomUUID()}`;
  note.value = text;
  note.focus();
}

function textOf(name: string): string {
  return examples.find((each) => each.name === name)?.text ?? "";
}

select.addEventListener("change", () => {
  open(select.value, textOf(select.value));
});
byId("new", HTMLButtonElement).addEventListener("click", () => {
  open("", "");
  select.selectedIndex = -1;
});
byId("language", HTMLButtonElement).addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  translate();
});
addEventListener("beforeunload", (event) => {
  if (note.value.trim() !== "" && note.value !== textOf(opened)) {
    event.preventDefault();
  }
});

try {
  examples = (await (await fetch("examples.json")).json()) as Example[];
} catch {
  // The editor works without them.
}
translate();
const first = examples.find((each) => each.language === language) ?? examples[0];
if (first && note.value === "") {
  open(first.name, first.text);
  select.value = first.name;
}
