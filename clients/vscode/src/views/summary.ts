/** What the server's status means for the doctor: which model answers, and whether text leaves. */

import type { StatusResult } from "../client/requests";

export interface Summary {
  /** Ids of the models that the settings choose; `skeleton` where they choose none. */
  models: string[];
  /** Where those models send a note's text; none where it stays on this machine. */
  hosts: string[];
  /** One line for each plugin or model that does not work. */
  troubles: string[];
  /** Settings that are wrong, one line each. */
  problems: readonly string[];
}

const DEFAULT_MODEL = "skeleton";

export function summary(status: StatusResult): Summary {
  const models = usedModels(status);
  const used = status.models.filter(({ id }) => models.includes(id));
  const hosts = [...new Set(used.map(({ host }) => host).filter((host) => host !== ""))];
  const plugins = status.plugins
    .filter(({ state }) => state === "refused" || state === "tripped")
    .map(({ name, reason, state }) => `${name}: ${reason === "" ? state : reason}`);
  const broken = status.broken.map(({ name, reason }) => `${name}: ${reason}`);
  const failed = used.filter(({ failure }) => failure !== "").map(({ id, failure }) => `${id}: ${failure}`);
  return { models, hosts, troubles: [...plugins, ...broken, ...failed], problems: status.settings.problems };
}

function usedModels(status: StatusResult): string[] {
  const chosen = status.settings.values["models.use"]?.value;
  if (typeof chosen !== "object" || chosen === null) {
    return [DEFAULT_MODEL];
  }
  const table = chosen as Record<string, unknown>;
  const ids = Object.values(table).filter((id): id is string => typeof id === "string");
  const all = "*" in table || ids.length === 0 ? ids : [...ids, DEFAULT_MODEL];
  return all.length === 0 ? [DEFAULT_MODEL] : [...new Set(all)];
}
