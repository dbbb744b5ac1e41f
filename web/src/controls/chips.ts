// A row of words as buttons, one of them or several pressed; a bar under each may show its share.

import { labelOf } from "../core/legible";
import { h } from "./element";
import { wordElement } from "./word";
import { setAttribute } from "./write";

const MAX_WITHOUT_SCROLLING = 16;

interface ChipsOptions {
  className: string;
  onSelect(index: number): void;
  signal: AbortSignal;
}

export interface Chips {
  element: HTMLElement;
  setWords(words: string[]): void;
  /** Press these, and no others; the first is brought into view. */
  press(...indices: number[]): void;
  /** The length of each word's bar, from 0 to 1. */
  setBars(shares: string[]): void;
}

export function chips({ className, onSelect, signal }: ChipsOptions): Chips {
  const element = h("ul", { class: className });
  let buttons: HTMLButtonElement[] = [];
  let pressed = -1;
  const onClick = (event: Event): void => {
    const index = buttons.findIndex((button) => event.target instanceof Node && button.contains(event.target));
    if (index >= 0) onSelect(index);
  };
  element.addEventListener("click", onClick, { signal });

  return {
    element,
    setWords(words) {
      buttons = words.map((word, i) => wordElement("button", { type: "button" }, word, labelOf(words, i)));
      element.classList.toggle("many", words.length > MAX_WITHOUT_SCROLLING);
      element.replaceChildren(...buttons.map((button) => h("li", {}, button)));
      pressed = -1;
    },
    press(...indices) {
      for (const [i, button] of buttons.entries()) {
        setAttribute(button, "aria-pressed", String(indices.includes(i)));
      }
      const [first = -1] = indices;
      if (first !== pressed) bringIntoView(element, buttons[first]);
      pressed = first;
    },
    setBars(shares) {
      for (const [i, button] of buttons.entries()) {
        button.style.setProperty("--w", shares[i] ?? "0");
      }
    },
  };
}

/** Scroll within the row of chips alone, and only where the chip is out of its sight. */
function bringIntoView(element: HTMLElement, button: HTMLElement | undefined): void {
  if (!button || element.scrollHeight <= element.clientHeight) return;
  const chip = button.getBoundingClientRect();
  const row = element.getBoundingClientRect();
  element.scrollTop += Math.min(0, chip.top - row.top) + Math.max(0, chip.bottom - row.bottom);
}
