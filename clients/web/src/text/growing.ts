/** A draft's text as it comes in partial results. */

import { pointLength } from "./codepoints";

export class Growing {
  private text = "";
  private points = 0;

  /** The whole text so far. `offset` counts code points; 0 after others starts again. */
  add({ offset, text }: { offset: number; text: string }): string {
    if (offset < this.points) {
      this.text = Array.from(this.text).slice(0, offset).join("");
      this.points = offset;
    }
    this.text += text;
    this.points += pointLength(text);
    return this.text;
  }
}
