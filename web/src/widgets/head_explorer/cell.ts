// One head of the grid: its thumbnail, its label, and its score.

import { h, uniqueId } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { HeadSet } from "../../core/heads";
import { thumbnail } from "./thumbnail";

export interface Cell {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  update(look: Look): void;
}

/** How a cell looks just now. */
export interface Look {
  /** Whether the keys act on it. */
  isActive: boolean;
  isChosen: boolean;
  /** Its score, if one is shown. */
  told: string;
  /** What it is called besides its label. */
  known: string;
}

export function cellOf({ T, n_heads, labels }: HeadSet, place: number): Cell {
  const name = labels[place] ?? "";
  const canvas = thumbnail(T);
  const score = h("span", { class: "score" });
  const called = h("span", { class: "hidden" }); // to be heard; to be seen it is too long
  const className = place % n_heads === 0 ? "one-head opens-row" : "one-head";
  const attributes = { class: className, role: "option", id: uniqueId("head") };
  const element = h("div", attributes, canvas, h("span", { class: "label" }, name), called, score);

  let shown = "";

  /** To read the page costs more than all the rest: what is the same as before is left alone. */
  function update({ isActive, isChosen, told, known }: Look): void {
    const now = [told, known, isActive, isChosen].join();
    if (now === shown) return;
    shown = now;
    setText(called, known);
    setText(score, told);
    setAttribute(element, "aria-selected", String(isChosen));
    setAttribute(element, "title", known);
    element.classList.toggle("active", isActive);
    element.classList.toggle("named", known !== "");
  }
  return { element, canvas, update };
}

/** The one of these cells in the next row, as they stand just now, that is nearest to `from`; `step` is 1 or −1. */
export function nearestInNextRow(from: HTMLElement, cells: HTMLElement[], step: number): HTMLElement {
  const down = (cell: HTMLElement): number => step * (cell.offsetTop - from.offsetTop);
  const beyond = cells.filter((cell) => down(cell) > 0);
  const row = Math.min(...beyond.map(down));
  const aside = (cell: HTMLElement): number => Math.abs(cell.offsetLeft - from.offsetLeft);
  return beyond.filter((cell) => down(cell) === row).reduce((a, b) => (aside(b) < aside(a) ? b : a), beyond[0] ?? from);
}
