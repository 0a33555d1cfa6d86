/** Small makers of elements; text always goes in as text, never as markup. */

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function button(title: string, pressed: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, title);
  made.addEventListener("click", pressed);
  return made;
}

/** The child at `index`, made where there is none yet. */
export function keyed(parent: HTMLElement, index: number, name: "section"): HTMLElement {
  const there = parent.children.item(index);
  if (there instanceof HTMLElement) {
    return there;
  }
  const made = element(name);
  parent.append(made);
  return made;
}

/** `{0}` ... replaced by `values`. */
export function filled(message: string, values: readonly string[]): string {
  return message.replace(/\{(\d+)\}/g, (mark, index: string) => values[Number(index)] ?? mark);
}
