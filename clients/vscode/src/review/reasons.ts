/** Coded reasons as they are offered. */

import type { Reason } from "../client/requests";

export interface ReasonItem {
  label: string;
  id: string;
}

/** `chosen` comes first, where a list has its selection; the others keep the server's order. */
export function reasonItems(reasons: readonly Reason[], chosen: string): ReasonItem[] {
  const items = reasons.map(({ id, title }): ReasonItem => ({ label: title, id }));
  return [...items.filter(({ id }) => id === chosen), ...items.filter(({ id }) => id !== chosen)];
}
