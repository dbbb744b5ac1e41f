// The texts that the search found, each with its score: pressed, it is the one that is looked at.

import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import type { Desk } from "./desk";
import { textOf } from "./found";
import { WIDEST } from "./state";

export function beams(desk: Desk): HTMLElement {
  const caption = h("div", { class: "caption" });
  const rows = Array.from({ length: WIDEST }, (_, i) => {
    const button = h("button", { type: "button" });
    const score = h("span", { class: "number" });
    button.addEventListener("click", () => desk.change({ beam: i }), { signal: desk.signal });
    return { element: h("li", {}, button, score), button, score };
  });
  const code = h("code", {}, "score = log_p.sum() / len(log_p)");
  const list = h("ol", { class: "beams" }, ...rows.map(({ element }) => element));
  desk.onUpdate(() => {
    const { found, shown, about } = desk;
    const texts = found?.texts ?? [];
    setText(caption, texts.length > 1 ? `The ${texts.length} texts found, best first` : "The text found");
    for (const [i, { element, button, score }] of rows.entries()) {
      const text = texts[i];
      element.hidden = text === undefined;
      if (!text) continue;
      setText(button, textOf(text.ids, about) || "∅");
      setText(score, fixed(text.score, 4).replace("-", "−"));
      setAttribute(button, "aria-pressed", String(text === shown));
    }
  });
  return h("div", {}, caption, list, code);
}
