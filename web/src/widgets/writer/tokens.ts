// Tokens of the text one after another, with a bar or two under each, of one scale for all.

import { h } from "../../controls/element";
import { wordElement } from "../../controls/word";
import { fixed } from "../../core/format";

/** A token as it is shown, and the heights of its bars, from 0 to 1. */
export interface Barred {
  shown: string;
  bars: number[];
}

export const tokenList = (): HTMLOListElement => h("ol", { class: "chips tokens" });

export function fillTokens(list: HTMLOListElement, tokens: Barred[]): void {
  list.replaceChildren(...tokens.map(tokenOf));
}

function tokenOf({ shown, bars }: Barred): HTMLElement {
  const element = wordElement("li", { class: "token" }, shown);
  const [left = 0, right] = bars;
  element.style.setProperty("--w", fixed(Math.min(1, left), 3));
  if (right !== undefined) {
    element.classList.add("two");
    element.style.setProperty("--v", fixed(Math.min(1, right), 3));
  }
  return element;
}
