/** A draft's text cut into the pieces that the preview shows. */

import type { Range } from "vscode-languageclient/node";
import type { DraftResult, Finding } from "../client/requests";
import { unitOffsets } from "../text/codepoints";
import type { Piece } from "./view";

export interface Rendered {
  pieces: Piece[];
  /** The passages of the note, in the order of their numbers, which begin at 1. */
  sources: Range[];
  /** What is said about the draft, the gravest first. */
  findings: Finding[];
}

interface Cut {
  /** In UTF-16 units of the draft's text. */
  start: number;
  end: number;
}

const GRAVEST: readonly Finding["severity"][] = ["error", "warning", "information"];

export function render(result: Pick<DraftResult, "draft" | "evidence">): Rendered {
  const { text, gaps } = result.draft;
  const findings = inOrder(result.draft.findings);
  const spans = [result.evidence, gaps, findings].map((each) => each.map(({ span }) => span));
  const units = unitOffsets(text, spans.flat(2));
  const cuts = spans.flat().map((_, index): Cut => ({ start: units[2 * index] ?? 0, end: units[2 * index + 1] ?? 0 }));
  const statements = cuts.slice(0, result.evidence.length);
  const gapCuts = cuts.slice(result.evidence.length, result.evidence.length + gaps.length);
  const { sources, refsAt } = numbered(result, statements);
  return { pieces: pieces(text, gapCuts, cuts.slice(statements.length + gapCuts.length), refsAt), sources, findings };
}

function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => GRAVEST.indexOf(a.severity) - GRAVEST.indexOf(b.severity) || a.span[0] - b.span[0]);
}

/** Each passage gets one number, in the order in which the text first rests on it. */
function numbered(
  result: Pick<DraftResult, "evidence">,
  statements: readonly Cut[],
): { sources: Range[]; refsAt: Map<number, number[]> } {
  const sources: Range[] = [];
  const numbers = new Map<string, number>();
  const refsAt = new Map<number, number[]>();
  const statementsByEnd = result.evidence
    .map(({ ranges }, index) => ({ ranges, end: statements[index]?.end ?? 0 }))
    .sort((a, b) => a.end - b.end);
  for (const { ranges, end } of statementsByEnd) {
    const refs = refsAt.get(end) ?? [];
    refsAt.set(end, refs);
    for (const range of ranges) {
      const key = JSON.stringify(range);
      const number = numbers.get(key) ?? sources.push(range);
      numbers.set(key, number);
      if (!refs.includes(number)) {
        refs.push(number);
      }
    }
  }
  return { sources, refsAt };
}

/** `findings` are in the order of their list: of several on the same words the first is the gravest. */
function pieces(text: string, gaps: readonly Cut[], findings: readonly Cut[], refsAt: ReadonlyMap<number, number[]>): Piece[] {
  const edges = new Set([0, text.length, ...refsAt.keys(), ...[...gaps, ...findings].flatMap(({ start, end }) => [start, end])]);
  const order = [...edges].sort((a, b) => a - b);
  const made: Piece[] = [];
  for (const [index, start] of order.entries()) {
    const end = order[index + 1] ?? text.length;
    if (end > start) {
      const covers = (each: Cut): boolean => each.start <= start && end <= each.end;
      const finding = findings.findIndex(covers);
      made.push({ text: text.slice(start, end), gap: gaps.some(covers), refs: refsAt.get(end) ?? [], finding: finding < 0 ? null : finding });
    }
  }
  return made;
}
