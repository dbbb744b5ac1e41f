// The frame of every widget: a named group with the shared looks, whose keys stay inside.

import controlsCss from "./controls.css";
import { h } from "./element";
import layoutCss from "./layout.css";
import { adoptStyleSheet } from "./style_sheet";

interface RootOptions {
  className: string;
  label: string;
  css: string;
  signal: AbortSignal;
}

export function widgetRoot({ className, label, css, signal }: RootOptions): HTMLElement {
  adoptStyleSheet(controlsCss);
  adoptStyleSheet(layoutCss);
  adoptStyleSheet(css);
  const root = h("div", { class: `llm-ui ${className}`, role: "group", "aria-label": label });
  // No key typed here reaches the notebook.
  root.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return root;
}
