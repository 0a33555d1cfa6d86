/** A draft's text cut where its gaps and its findings lie and where its statements end. */

import type { DraftFinding, DraftResult, Range } from "../lsp/types";
import { unitOffsets } from "./codepoints";

export interface Piece {
  text: string;
  gap: boolean;
  /** Numbers of the passages on which what ends here rests; they begin at 1. */
  sources: number[];
  /** Place in `findings` of the gravest that is about these words; undefined where none is. */
  finding: number | undefined;
}

export interface Pieces {
  pieces: Piece[];
  sources: Range[];
  /** What is said about the draft, the gravest first. */
  findings: DraftFinding[];
}

interface Cut {
  /** In UTF-16 units of the draft's text. */
  from: number;
  to: number;
}

const GRAVEST: readonly DraftFinding["severity"][] = ["error", "warning", "information"];

export function cut({ draft, evidence }: Pick<DraftResult, "draft" | "evidence">): Pieces {
  const { text, gaps } = draft;
  const findings = inOrder(draft.findings);
  const spans = [evidence, gaps, findings].map((each) => each.map(({ span }) => span));
  const units = unitOffsets(text, spans.flat(2));
  const cuts = spans.flat().map((_, index): Cut => ({ from: units[2 * index] ?? 0, to: units[2 * index + 1] ?? 0 }));
  const { sources, ends } = numbered(evidence, cuts);
  const gapCuts = cuts.slice(evidence.length, evidence.length + gaps.length);
  const findingCuts = cuts.slice(evidence.length + gaps.length);
  const edges = [...new Set([0, text.length, ...ends.keys(), ...[...gapCuts, ...findingCuts].flatMap(({ from, to }) => [from, to])])];
  edges.sort((a, b) => a - b);
  const pieces = edges.slice(0, -1).map((from, index): Piece => {
    const to = edges[index + 1] ?? text.length;
    const covers = (each: Cut): boolean => each.from <= from && to <= each.to;
    const finding = findingCuts.findIndex(covers);
    return {
      text: text.slice(from, to),
      gap: gapCuts.some(covers),
      sources: ends.get(to) ?? [],
      finding: finding < 0 ? undefined : finding,
    };
  });
  return { pieces, sources, findings };
}

function inOrder(findings: readonly DraftFinding[]): DraftFinding[] {
  return [...findings].sort((a, b) => GRAVEST.indexOf(a.severity) - GRAVEST.indexOf(b.severity) || a.span[0] - b.span[0]);
}

/** Each passage has one number; `ends` are the numbers by where what rests on them ends. */
function numbered(evidence: DraftResult["evidence"], cuts: readonly Cut[]): { sources: Range[]; ends: Map<number, number[]> } {
  const sources: Range[] = [];
  const numbers = new Map<string, number>();
  const ends = new Map<number, number[]>();
  evidence.forEach(({ ranges }, index) => {
    const end = cuts[index]?.to ?? 0;
    const here = ends.get(end) ?? [];
    for (const range of ranges) {
      const key = JSON.stringify(range);
      const number = numbers.get(key) ?? sources.push(range);
      numbers.set(key, number);
      if (!here.includes(number)) {
        here.push(number);
      }
    }
    ends.set(end, here);
  });
  return { sources, ends };
}
