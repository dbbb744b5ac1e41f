// One gap: what stands there, the likeliest words as bars, and where its own word is among them.

import { h, uniqueId } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { BLANK } from "../../core/gaps";
import type { Likely } from "../../play/filling";
import type { Desk, Told } from "./desk";
import { MASK } from "./row";
import { quoted, rankOf } from "./sentence";
import { standing } from "./standing";

export const SHOWN = 6;

export interface Card {
  element: HTMLElement;
  update(gap: Told | undefined, full: number): void;
}

export function card(desk: Desk): Card {
  const id = uniqueId("gap");
  const title = h("p", { class: "title", id });
  const rows = Array.from({ length: SHOWN }, makeRow);
  const list = h("ol", { class: "likeliest" }, ...rows.map((row) => row.element));
  const own = h("p", { class: "own" });
  const element = h("div", { class: "gap", role: "group", "aria-labelledby": id });
  let shown: Told | undefined;

  const stands = standing(desk, () => shown?.place ?? -1);
  element.append(title, ...stands.elements, list, own);
  const onClick = ({ target }: Event): void => {
    const index = rows.findIndex(({ button }) => target instanceof Node && button.contains(target));
    const word = shown?.likeliest[index]?.word;
    if (shown && word !== undefined) desk.set(shown.place, word);
  };
  list.addEventListener("click", onClick, { signal: desk.signal });

  return {
    element,
    update(gap, full) {
      shown = gap;
      element.hidden = gap === undefined;
      if (!gap) return;
      setText(title, contextOf(desk, gap.place));
      stands.update();
      const word = desk.words[gap.place] ?? BLANK;
      for (const [i, row] of rows.entries()) fill(row, gap.likeliest[i], full, word);
      setText(own, describeOwn(desk, gap));
    },
  };
}

interface Row {
  element: HTMLElement;
  button: HTMLButtonElement;
  number: HTMLElement;
}

function makeRow(): Row {
  const button = h("button", { type: "button" });
  const number = h("span", { class: "number" });
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  return { element: h("li", {}, button, bar, number), button, number };
}

function fill({ element, button, number }: Row, likely: Likely | undefined, full: number, own: string): void {
  element.hidden = likely === undefined;
  if (!likely) return;
  const { word, chance } = likely;
  setText(button, word);
  setAttribute(button, "aria-label", `Put “${word}”${word === own ? ", the sentence’s own word," : ""} into the gap`);
  element.classList.toggle("right", word === own);
  setText(number, fixed(chance, 3));
  element.style.setProperty("--w", fixed(chance / full, 4));
}

/** The gap between its neighbours. */
export function contextOf({ seen }: Desk, place: number): string {
  const show = (at: number): string => (at < 0 || at >= seen.length ? "" : (seen[at] ?? MASK));
  return `Word ${place + 1}: ${[place - 1, place, place + 1].map(show).join(" ").trim()}`;
}

function describeOwn({ words, seen }: Desk, { place, own, stands }: Told): string {
  const word = words[place] ?? BLANK;
  const there = seen[place] ?? null;
  const said: string[] = [];
  if (there !== null && there !== word)
    said.push(`${quoted(there)} stands here: ${stands ? rankOf(stands) : "the model does not know it"}.`);
  if (word === BLANK) said.push("Nobody says what stood here.");
  else if (own) said.push(`${quoted(word)} ${there === word ? "stands" : "stood"} here: ${rankOf(own)}.`);
  else said.push(`${quoted(word)} stood here: the model does not know it, and cannot say it.`);
  return said.join(" ");
}
