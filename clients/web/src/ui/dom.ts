/** Elements from text and attributes alone: nothing is ever parsed as HTML. */

type Child = Node | string;

export interface Attributes {
  class?: string;
  onclick?: (event: MouseEvent) => void;
  [name: `aria-${string}` | `data-${string}`]: string;
  role?: string;
  title?: string;
  type?: string;
  tabindex?: string;
  part?: string;
  id?: string;
  for?: string;
  placeholder?: string;
  dir?: string;
}

export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes) as [string, string | ((event: MouseEvent) => void) | undefined][]) {
    if (typeof value === "function") {
      made.addEventListener("click", value as EventListener);
    } else if (value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children);
  return made;
}

export function button(label: string, onclick: (event: MouseEvent) => void, attributes: Attributes = {}): HTMLButtonElement {
  return el("button", { type: "button", onclick, ...attributes }, label);
}
