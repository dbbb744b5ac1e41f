// Elements of a widget's document, HTML and SVG, made in one call.

type Child = Node | string;

const FOCUSABLE = new Set(["input", "select", "textarea", "button", "summary"]);

/** An HTML element with attributes and children; focusable ones keep their keys from the notebook around them. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  if (FOCUSABLE.has(name) || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

/** An SVG element with attributes and children. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number> = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/** An id of its own: random, since two widgets on a page may each have their own copy of this module. */
export function uniqueId(stem: string): string {
  return `${stem}-${Math.random().toString(36).slice(2)}`;
}
