/** What the settings of VS Code say to the server: only what somebody set, never a default. */

/** Settings of the extension itself, which the server does not know. */
export const OWN_SETTINGS: readonly string[] = [
  "server.path",
  "languages",
  "schemes",
  "draft.preview",
  "welcome.show",
  "check.include",
];

export interface Inspected {
  key: string;
  value: unknown;
  isSet: boolean;
}

type Tree = Record<string, unknown>;

/**
 * The tree of settings for the server. A default of ours would hide the user's own settings file
 * and the workspace's, which stand below the editor. `everything` is what the editor holds under the
 * section, misspelt names included: those go along, so that the server can name the nearest right one.
 */
export function settingsForServer(known: readonly Inspected[], own: readonly string[], everything: unknown): Tree {
  const tree: Tree = {};
  for (const { key, value, isSet } of known) {
    if (isSet) {
      put(tree, key, value);
    }
  }
  const names = new Set([...known.map(({ key }) => key), ...own]);
  for (const [key, value] of leaves(everything, "", names)) {
    put(tree, key, value);
  }
  return tree;
}

/** Leaves of `value` that are no known setting. */
function* leaves(value: unknown, prefix: string, known: ReadonlySet<string>): Generator<[string, unknown]> {
  if (prefix !== "" && known.has(prefix)) {
    return;
  }
  if (isTree(value) && (prefix === "" || hasBelow(prefix, known) || Object.keys(value).length > 0)) {
    for (const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, prefix === "" ? name : `${prefix}.${name}`, known);
    }
    return;
  }
  if (prefix !== "" && typeof value !== "function" && !isTree(value)) {
    yield [prefix, value];
  }
}

function hasBelow(prefix: string, known: ReadonlySet<string>): boolean {
  return [...known].some((key) => key.startsWith(`${prefix}.`));
}

function put(tree: Tree, key: string, value: unknown): void {
  const names = key.split(".");
  const last = names.pop() ?? key;
  let inner = tree;
  for (const name of names) {
    const next = inner[name];
    if (isTree(next)) {
      inner = next;
    } else {
      const made: Tree = {};
      inner[name] = made;
      inner = made;
    }
  }
  inner[last] = value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
