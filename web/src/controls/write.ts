// Write only what differs: an attribute or a text set anew, even to the same value, costs a layout.

/** A text that is there is changed; another in its place would cost its box as well. */
export function setText(node: Element, text: string): void {
  if (node.textContent === text) return;
  const { firstChild } = node;
  if (text && firstChild instanceof Text && node.childNodes.length === 1) firstChild.data = text;
  else node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function setHidden(node: HTMLElement, isHidden: boolean): void {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}
