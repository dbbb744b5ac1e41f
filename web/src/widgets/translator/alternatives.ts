// What else the decoder could have written at this place: the likeliest characters, with their chances.

import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { legible } from "../../core/legible";
import type { Desk } from "./desk";
import { alternativesAt, type Candidate } from "./found";

export const SHOWN = 6;

interface Row {
  element: HTMLElement;
  token: HTMLElement;
  number: HTMLElement;
}

export function alternatives(desk: Desk): HTMLElement {
  const rows = Array.from({ length: SHOWN }, makeRow);
  const list = h("ol", { class: "alternatives" }, ...rows.map(({ element }) => element));
  const caption = h("div", { class: "caption" });
  const code = h("code");
  desk.onUpdate(() => {
    const { shown, step, about, tokens } = desk;
    const likeliest = shown ? alternativesAt(shown, step, about, SHOWN) : [];
    setText(caption, `Chances at place ${step + 1} of ${tokens.length}`);
    setText(code, `logits[${step}].softmax(-1).topk(${SHOWN})`);
    for (const [i, row] of rows.entries()) fill(row, likeliest[i], tokens[step] ?? "");
  });
  return h("div", {}, caption, code, list);
}

function makeRow(): Row {
  const token = h("span", { class: "token" });
  const number = h("span", { class: "number" });
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  return { element: h("li", {}, token, bar, number), token, number };
}

function fill({ element, token, number }: Row, candidate: Candidate | undefined, written: string): void {
  element.hidden = candidate === undefined;
  if (!candidate) return;
  setText(token, legible(candidate.token)[0]);
  setText(number, `${fixed(candidate.chance, 4)}${candidate.token === written ? " written" : ""}`);
  setAttribute(element, "class", candidate.token === written ? "written" : "");
  element.style.setProperty("--w", fixed(candidate.chance, 4));
}
