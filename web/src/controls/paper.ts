// What of a widget is printed: made anew each time a page is, of what the reader has set.

import { h } from "./element";
import css from "./paper.css";
import { adoptStyleSheet } from "./style_sheet";

/** A block that is empty on the screen, and all of the widget on paper. */
export function paper(print: () => Node[], signal: AbortSignal): HTMLElement {
  adoptStyleSheet(css);
  const element = h("div", { class: "paper" });
  addEventListener("beforeprint", () => element.replaceChildren(...print()), { signal });
  addEventListener("afterprint", () => element.replaceChildren(), { signal });
  return element;
}

export function captioned(caption: string, content: HTMLTableElement): HTMLTableElement {
  content.prepend(h("caption", {}, caption));
  return content;
}
