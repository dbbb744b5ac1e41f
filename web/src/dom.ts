// Small helpers for building a widget's document.

type Child = Node | string;

/** An element with attributes and children; focusable ones keep their keys from the notebook around them. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  const focusable = ["input", "select", "button", "summary"].includes(name) || "tabindex" in attributes;
  if (focusable) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children);
  return element;
}

export function svg(name: string, attributes: Record<string, string | number> = {}): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Put a style sheet in force without a <style> element, which a strict content security policy would refuse. */
export function adopt(css: string): void {
  const key = "llmbookSheet";
  const holder = document as Document & { [key]?: Set<string> };
  holder[key] ??= new Set();
  if (holder[key].has(css)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  holder[key].add(css);
}

/** Call at most once in `wait` ms, the last call never lost. */
export function throttle(action: () => void, wait: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, wait);
  };
}

let count = 0;
export const unique = (stem: string): string => `${stem}-${++count}`;

/** Write only what differs: an attribute or a text set anew, even to the same value, costs a layout. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
