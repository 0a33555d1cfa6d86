/** The text of a draft as it arrives in parts. */

import type { PartialDraft } from "../client/requests";
import { pointLength } from "../text/codepoints";

export class StreamedText {
  private said = "";
  private points = 0;

  get text(): string {
    return this.said;
  }

  /** A part at offset 0 after others begins again: another model has taken over. */
  add(part: PartialDraft): void {
    if (part.offset === 0) {
      this.said = "";
      this.points = 0;
    }
    if (part.offset === this.points) {
      this.said += part.text;
      this.points += pointLength(part.text);
    }
  }
}
