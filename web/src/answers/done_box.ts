// An exercise whose answer is a function is run in a notebook: here the reader can only note that it is done.

import { h } from "../controls/element";
import type { Place } from "./place";
import { keep, onAnswers } from "./store";

export function addDoneBox({ element, page, total, name }: Place): void {
  const box = h("input", { type: "checkbox" });
  box.addEventListener("change", () => keep(page, total, name, (kept) => ({ ...kept, done: box.checked })));
  onAnswers((answers) => {
    box.checked = answers[page]?.exercises[name]?.done ?? false;
  });
  element.append(h("label", {}, box, " Done: the checker said “Correct”"));
}
