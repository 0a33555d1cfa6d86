/** Random texts for property tests: the same ones for the same seed. */

const ALPHABET = ["a", "Z", "9", " ", "\n", "\n", "。", "胸", "痛", "é", "😀", "𠮷", "\u0301", "/", "\t", "\u2028", "\f"];

export class Random {
  constructor(private state: number) {}

  /** In [0, 1). */
  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 2 ** 32;
  }

  /** In [0, end]. */
  to(end: number): number {
    return Math.floor(this.next() * (end + 1));
  }

  text(longest: number): string {
    return Array.from({ length: this.to(longest) }, () => ALPHABET[this.to(ALPHABET.length - 1)] ?? "").join("");
  }

  /** Two ordered offsets in a text of `length`. */
  span(length: number): [number, number] {
    const a = this.to(length);
    const b = this.to(length);
    return [Math.min(a, b), Math.max(a, b)];
  }
}
