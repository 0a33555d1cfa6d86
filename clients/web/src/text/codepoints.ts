/** The server counts Unicode code points, JavaScript counts UTF-16 units. */

/** The UTF-16 offsets of code points in `text`, in one pass; in any order, clamped to the text. */
export function unitOffsets(text: string, points: readonly number[]): number[] {
  const order = points.map((point, index) => ({ point, index })).sort((a, b) => a.point - b.point);
  const found = new Array<number>(points.length).fill(0);
  let unit = 0;
  let passed = 0;
  for (const { point, index } of order) {
    while (passed < point && unit < text.length) {
      unit += isPair(text, unit) ? 2 : 1;
      passed += 1;
    }
    found[index] = unit;
  }
  return found;
}

export function unitOffset(text: string, point: number): number {
  return unitOffsets(text, [point])[0] ?? 0;
}

export function pointLength(text: string): number {
  let points = 0;
  for (let unit = 0; unit < text.length; points += 1) {
    unit += isPair(text, unit) ? 2 : 1;
  }
  return points;
}

function isPair(text: string, index: number): boolean {
  const first = text.charCodeAt(index);
  const second = text.charCodeAt(index + 1);
  return first >= 0xd800 && first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
}
