// The two texts, character by character: what is read, with a bar for how much the decoder looks there, and what is
// written so far. Pressed, a character is the key, or the step; while the reader predicts, what is read is the answer.

import { chips } from "../../controls/chips";
import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { Desk } from "./desk";

export function lines(desk: Desk, answer: (key: number) => void): HTMLElement[] {
  const onRead = (key: number): void => {
    if (desk.isHidden) answer(key);
    else desk.change({ key });
  };
  const read = chips({ className: "chips", onSelect: onRead, signal: desk.signal });
  const written = chips({ className: "chips queries", onSelect: (step) => desk.change({ step }), signal: desk.signal });
  const above = h("div", { class: "caption" });
  const below = h("div", { class: "caption" }, "It writes (query)");
  let known = "";
  desk.onUpdate(() => {
    const now = JSON.stringify([desk.read, desk.tokens]);
    if (known !== now) {
      known = now;
      read.setWords(desk.read);
      written.setWords(desk.tokens);
      for (const list of [read, written]) list.element.classList.remove("many");
    }
    const { step, key, isHidden, weights } = desk;
    const characters = desk.read;
    const width = characters.length;
    read.setBars(characters.map((_, s) => (isHidden ? "0" : (weights[step * width + s] ?? 0).toFixed(4))));
    read.press(...(isHidden ? [] : [key]));
    for (const [t, item] of [...written.element.children].entries()) {
      item.classList.toggle("ahead", t > step);
      if (item.firstElementChild) setAttribute(item.firstElementChild, "aria-pressed", String(t === step));
    }
    setText(above, isHidden ? "Press the character that it looks at most" : "It reads (key)");
  });
  return [above, read.element, below, written.element];
}
