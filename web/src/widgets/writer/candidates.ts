// The tokens that may come next: each a button that adds it, its chance by the model as an outline, its chance under the
// settings as a bar, and how often it was drawn as a mark.

import { h } from "../../controls/element";
import { setAttribute, setHidden, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { legible } from "../../core/legible";
import type { Desk } from "./desk";
import type { Candidate } from "./outlook";

export const SHOWN = 12;
const FULL = [0.1, 0.2, 0.5, 1]; // what a full bar may stand for

interface Row {
  element: HTMLElement;
  button: HTMLButtonElement;
  number: HTMLElement;
}

export function candidates(desk: Desk): HTMLElement[] {
  const rows = Array.from({ length: SHOWN }, makeRow);
  const element = h("ol", { class: "candidates" }, ...rows.map((row) => row.element));
  const legend = h("p", { class: "notice" });
  let shown: Candidate[] = [];

  const onClick = ({ target }: Event): void => {
    const index = rows.findIndex(({ button }) => target instanceof Node && button.contains(target));
    if (index >= 0) add(index);
  };
  async function add(index: number): Promise<void> {
    await desk.wake(); // until then Python's candidates are shown, in the same order
    const id = shown[index]?.id ?? -1;
    if (id >= 0) await desk.write(1, id);
  }
  element.addEventListener("click", onClick, { signal: desk.signal });

  desk.onUpdate(() => {
    shown = desk.isHidden ? [] : desk.candidates(SHOWN);
    setAttribute(element, "aria-busy", String(desk.isBusy));
    const draws = desk.outlook?.draws ?? 0;
    const largest = Math.max(...shown.map(({ chance, now, drawn }) => Math.max(chance, now, drawn / (draws || 1))));
    const full = fullOf(largest);
    setText(legend, shown.length ? legendOf(full, draws) : "");
    for (const [i, row] of rows.entries()) fill(row, shown[i], draws, full);
  });
  return [element, legend];
}

function makeRow(): Row {
  const button = h("button", { type: "button" });
  const number = h("span", { class: "number" });
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  return { element: h("li", {}, button, bar, number), button, number };
}

function fill({ element, button, number }: Row, candidate: Candidate | undefined, draws: number, full: number): void {
  setHidden(element, candidate === undefined);
  if (!candidate) return;
  const { piece, chance, now, drawn } = candidate;
  const [sign, spoken] = shownAs(piece);
  setText(button, sign);
  setAttribute(button, "aria-label", `Add “${spoken}”`);
  setText(number, `${now > 0 ? fixed(now, 3) : "shut out"}${draws ? ` · ${drawn} of ${draws}` : ""}`);
  element.style.setProperty("--p", fixed(chance / full, 4));
  element.style.setProperty("--w", fixed(now / full, 4));
  element.style.setProperty("--d", drawn ? fixed(drawn / draws / full, 4) : "-1");
}

/** What a full bar stands for where this is the largest. */
export const fullOf = (largest: number): number => FULL.find((share) => share >= largest) ?? 1;

function legendOf(full: number, draws: number): string {
  const marks = draws ? ", the upright mark how often it was drawn" : "";
  return `The bar is the chance under the settings, the thin line below it the model’s own${marks}. The full width is ${full}.`;
}

/** A token begins with a space more often than not, and that must be seen. */
export function shownAs(piece: string): [shown: string, spoken: string] {
  const [shown, spoken] = legible(piece);
  if (shown !== piece || !/^\s|\s$/u.test(piece)) return [shown, spoken];
  const marked = piece.replace(/^\s|\s$/gu, (blank) => legible(blank)[0]);
  return [marked, piece.replace(/^\s|\s$/gu, (blank) => ` ${legible(blank)[1]} `).trim()];
}
