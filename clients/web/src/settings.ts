/** What the component is given, and what it tells. */

import type { Language } from "./language";

export interface Settings {
  server: string;
  token: string;
  uri: string;
  language: Language;
  readOnly: boolean;
  label: string;
}

export interface Events {
  changed: () => void;
  status: (detail: { state: string }) => void;
  inserted: (detail: { draft: string; task: string }) => void;
  reviewed: (detail: { block: string; outcome: string; reason?: string }) => void;
}
