/** LSP's semantic tokens, five numbers each, as places and names. */

import type { SemanticTokensLegend } from "../lsp/types";

export interface Token {
  line: number;
  character: number;
  length: number;
  type: string;
  modifiers: string[];
}

export function decodeTokens(data: readonly number[], legend: SemanticTokensLegend): Token[] {
  const tokens: Token[] = [];
  let line = 0;
  let character = 0;
  for (let index = 0; index + 4 < data.length; index += 5) {
    const [lines = 0, characters = 0, length = 0, type = 0, bits = 0] = data.slice(index, index + 5);
    character = lines > 0 ? characters : character + characters;
    line += lines;
    const modifiers = legend.tokenModifiers.filter((_, bit) => (bits & (1 << bit)) !== 0);
    tokens.push({ line, character, length, type: legend.tokenTypes[type] ?? "unknown", modifiers });
  }
  return tokens;
}
