/** The server counts Unicode code points, JavaScript counts UTF-16 units. */

/** The UTF-16 offset of code point `offset` in `text`; the end where the text is shorter. */
export function unitOffset(text: string, offset: number): number {
  let units = 0;
  for (let points = 0; points < offset && units < text.length; points += 1) {
    units += isPair(text, units) ? 2 : 1;
  }
  return units;
}

/** As `unitOffset`, for many offsets in one pass; they may come in any order. */
export function unitOffsets(text: string, offsets: readonly number[]): number[] {
  const order = offsets.map((offset, index) => ({ offset, index })).sort((a, b) => a.offset - b.offset);
  const found = new Array<number>(offsets.length).fill(0);
  let units = 0;
  let points = 0;
  for (const { offset, index } of order) {
    while (points < offset && units < text.length) {
      units += isPair(text, units) ? 2 : 1;
      points += 1;
    }
    found[index] = units;
  }
  return found;
}

/** How many code points `text` has. */
export function pointLength(text: string): number {
  let points = 0;
  for (let units = 0; units < text.length; points += 1) {
    units += isPair(text, units) ? 2 : 1;
  }
  return points;
}

function isPair(text: string, index: number): boolean {
  const first = text.charCodeAt(index);
  if (first < 0xd800 || first > 0xdbff) {
    return false;
  }
  const second = text.charCodeAt(index + 1);
  return second >= 0xdc00 && second <= 0xdfff;
}
