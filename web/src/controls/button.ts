// A button with a text and one thing to do.

import { h } from "./element";

export function button(text: string, onClick: () => void, signal: AbortSignal): HTMLButtonElement {
  const element = h("button", { type: "button" }, text);
  element.addEventListener("click", onClick, { signal });
  return element;
}
