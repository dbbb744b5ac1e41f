// All gaps, each with its bars; one scale for all of them, so that they can be compared.

import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { type Card, card } from "./card";
import type { Desk } from "./desk";

export const MOST_CARDS = 12;
const FULL = [0.1, 0.2, 0.5, 1]; // chances that a full bar may stand for

export function cards(desk: Desk): HTMLElement[] {
  const made: Card[] = [];
  const element = h("div", { class: "cards" });
  const legend = h("p", { class: "notice" });
  desk.onUpdate(() => {
    const gaps = desk.gaps.slice(0, MOST_CARDS);
    while (made.length < gaps.length) {
      const one = card(desk);
      made.push(one);
      element.append(one.element);
    }
    const full = FULL.find((chance) => chance >= Math.max(...gaps.map((gap) => gap.likeliest[0]?.chance ?? 0))) ?? 1;
    for (const [i, { update }] of made.entries()) update(gaps[i], full);
    setAttribute(element, "aria-busy", String(desk.isBusy));
    setText(legend, gaps.length ? legendOf(desk, full) : "");
  });
  return [element, legend];
}

function legendOf({ gaps }: Desk, full: number): string {
  const more = gaps.length - MOST_CARDS;
  const left = more > 0 ? ` ${more} more gaps are in the table only.` : "";
  return `A full bar is a chance of ${full}; pressing a word puts it there. The word with a frame is the sentence’s own.${left}`;
}
