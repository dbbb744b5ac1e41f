// The sentence as a row of buttons: each word hides when it is pressed, and comes back when it is pressed again.

import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { BLANK } from "../../core/gaps";
import { legible } from "../../core/legible";
import type { Desk } from "./desk";
import { inSightOfAny, saidOfOwn } from "./sentence";

export const MASK = "[MASK]";
const MANY = 24; // words; more scroll

export function sentenceRow(desk: Desk): HTMLElement {
  const element = h("ul", { class: "chips words" });
  const buttons: HTMLButtonElement[] = [];

  const onClick = ({ target }: Event): void => {
    const place = buttons.findIndex((button) => target instanceof Node && button.contains(target));
    if (place >= 0) press(desk, place);
  };
  element.addEventListener("click", onClick, { signal: desk.signal });

  desk.onUpdate(() => {
    // Buttons stay, so that the one in focus does.
    while (buttons.length < desk.words.length) {
      const made = h("button", { type: "button" });
      buttons.push(made);
      element.append(h("li", {}, made));
    }
    while (buttons.length > desk.words.length) buttons.pop()?.parentElement?.remove();
    element.classList.toggle("many", buttons.length > MANY);
    const asked = new Set(desk.places);
    const sight = inSightOfAny(desk);
    for (const [place, chip] of buttons.entries()) draw(chip, desk, place, asked.has(place), sight.has(place));
  });
  return element;
}

function draw(chip: HTMLButtonElement, desk: Desk, place: number, isAsked: boolean, isSeen: boolean): void {
  const seen = desk.seen[place] ?? null;
  const [shown, spoken] = seen === null ? [MASK, MASK] : legible(seen);
  const isKnown = seen === null || (desk.words[place] === seen ? desk.knows(place) : standsKnown(desk, place));
  setText(chip, shown);
  const marks = [isSeen ? "" : ", out of sight", isKnown ? "" : ", not known to the model"];
  setAttribute(chip, "aria-label", `${place + 1}: ${spoken}${marks.join("")}`);
  setAttribute(chip, "aria-pressed", String(isAsked));
  chip.disabled = desk.isHidden;
  chip.classList.toggle("mask", seen === null);
  chip.classList.toggle("far", !isSeen);
  chip.classList.toggle("unknown", !isKnown);
}

/** A word that was put is unknown where the model has said nothing of it. */
function standsKnown(desk: Desk, place: number): boolean {
  const gap = desk.told.find((told) => told.place === place);
  return gap === undefined || gap.stands !== null || desk.isBusy;
}

function press(desk: Desk, place: number): void {
  const isAsked = desk.places.includes(place);
  const isBlank = desk.words[place] === BLANK;
  if (!isAsked) desk.set(place, null);
  else if (isBlank && desk.seen[place] === null) desk.note(`Nobody says what stood as word ${place + 1}.`);
  else desk.set(place, undefined, isBlank ? "" : saidOfOwn(desk, place));
}
