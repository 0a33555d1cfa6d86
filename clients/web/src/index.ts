/** `<clinical-note>`: a clinical note editor that speaks to a DoctorFLAN language server. */

import { ClinicalNoteElement, define } from "./element";
import type { Language } from "./language";

export { ClinicalNoteElement };
export type { DraftOptions } from "./element";
export type { DraftResult, Range, Position } from "./lsp/types";
export type { Language };

export interface MountOptions {
  server?: string;
  token?: string;
  uri?: string;
  value?: string;
  language?: Language;
  readOnly?: boolean;
  label?: string;
}

define();

/** Put an editor into `container`; it fills it. */
export function mount(container: HTMLElement, options: MountOptions = {}): ClinicalNoteElement {
  const note = new ClinicalNoteElement();
  Object.assign<HTMLElement, MountOptions>(note, options);
  container.append(note);
  return note;
}
