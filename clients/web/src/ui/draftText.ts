/** A draft's words with what belongs to them: gaps, evidence, and what was found about them. */

import type { DraftFinding } from "../lsp/types";
import type { Say } from "../strings";
import type { Pieces } from "../text/pieces";
import { button, el } from "./dom";

/** Rules that hold a draft against its note begin so; one that contradicts is an error. */
function kindOf({ rule, severity }: DraftFinding, say: Say): string {
  if (!rule.startsWith("GR-")) {
    return say("finding.check");
  }
  return say(severity === "error" ? "finding.contradicted" : "finding.unsupported");
}

function sentence(finding: DraftFinding, say: Say): string {
  return `${kindOf(finding, say)}: ${finding.message}`;
}

/** `link` makes the way to a passage of the note. */
export function draftText({ pieces, findings }: Pieces, say: Say, link: (source: number) => HTMLElement): HTMLElement {
  const text = el("div", { class: "df-draft-text", dir: "auto" });
  for (const piece of pieces) {
    const words = piece.gap ? el("mark", { class: "df-gap" }, piece.text) : piece.text;
    const finding = piece.finding === undefined ? undefined : findings[piece.finding];
    text.append(finding ? marked(words, finding, findings.indexOf(finding), say) : words, ...piece.sources.map(link));
  }
  return text;
}

/** Seen, in a tooltip, and read out behind the words. */
function marked(words: Node | string, finding: DraftFinding, index: number, say: Say): HTMLElement {
  const said = sentence(finding, say);
  const attributes = { class: `df-found df-found-${finding.severity}`, title: said, tabindex: "-1", "data-finding": String(index) } as const;
  return el("mark", attributes, words, el("span", { class: "df-live" }, ` (${said}) `));
}

/** What was found, each line a way to its words in `text`. */
export function findingList(findings: readonly DraftFinding[], text: HTMLElement, say: Say): HTMLElement[] {
  if (findings.length === 0) {
    return [];
  }
  const rows = findings.map((finding, index) => {
    const line = button("", () => {
      text.querySelector<HTMLElement>(`[data-finding="${index}"]`)?.focus();
    }, { class: `df-found-line df-found-${finding.severity}` });
    line.append(el("strong", {}, kindOf(finding, say)), ` ${finding.message}`);
    return el("li", {}, line);
  });
  return [el("section", { class: "df-found-list" }, el("h3", {}, say("panel.remarks")), el("ul", {}, ...rows))];
}
