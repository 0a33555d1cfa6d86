/** A draft's text cut where its gaps lie and where its statements end. */

import type { DraftResult, Range } from "../lsp/types";
import { unitOffsets } from "./codepoints";

export interface Piece {
  text: string;
  gap: boolean;
  /** Numbers of the passages on which what ends here rests; they begin at 1. */
  sources: number[];
}

export interface Pieces {
  pieces: Piece[];
  sources: Range[];
}

export function cut({ draft, evidence }: Pick<DraftResult, "draft" | "evidence">): Pieces {
  const { text, gaps } = draft;
  const spans = [...evidence.map(({ span }) => span), ...gaps.map(({ span }) => span)];
  const units = unitOffsets(text, spans.flat());
  const gapEdges = gaps.map((_, index) => {
    const at = 2 * (evidence.length + index);
    return { from: units[at] ?? 0, to: units[at + 1] ?? 0 };
  });
  const sources: Range[] = [];
  const numbers = new Map<string, number>();
  const ends = new Map<number, number[]>();
  evidence.forEach(({ ranges }, index) => {
    const end = units[2 * index + 1] ?? 0;
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
  const edges = [...new Set([0, text.length, ...ends.keys(), ...gapEdges.flatMap(({ from, to }) => [from, to])])];
  edges.sort((a, b) => a - b);
  const pieces = edges.slice(0, -1).map((from, index): Piece => {
    const to = edges[index + 1] ?? text.length;
    const gap = gapEdges.some((each) => each.from <= from && to <= each.to);
    return { text: text.slice(from, to), gap, sources: ends.get(to) ?? [] };
  });
  return { pieces, sources };
}
