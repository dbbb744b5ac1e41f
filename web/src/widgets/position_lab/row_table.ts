// The chosen word's row of weights: before the swap, after it, and the difference.

import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { quoteOf } from "../../core/legible";
import type { PositionLab } from "./lab";

const SIGNS = { exceptZero: "+" };

/** Rebuilt where the words change; else only the numbers are written. */
export function rowTable(lab: PositionLab): HTMLElement[] {
  const heading = h("div", { class: "caption" });
  const region = scrollRegion("The chosen word's weights before and after the swap");
  let known = "";
  lab.onUpdate(() => {
    setText(heading, `How ${quoteOf(lab.words, lab.state.row)} (query) attends to each word (key):`);
    const now = lab.words.join(" ");
    if (known !== now) region.replaceChildren(table(["key", ...lab.words], rowsOf(lab)));
    known = now;
    const cells = region.querySelectorAll("td");
    for (const [i, text] of textsOf(lab).flat().entries()) {
      const cell = cells[i];
      if (cell) setText(cell, text);
    }
  });
  return [heading, region];
}

export function rowsOf(lab: PositionLab): string[][] {
  const [before = [], after = [], change = []] = textsOf(lab);
  return [
    ["before", ...before],
    ["after", ...after],
    ["change", ...change],
  ];
}

function textsOf({ words, state, reading, waits }: PositionLab): string[][] {
  const T = words.length;
  const start = state.row * T;
  const before = [...reading.before.weights.subarray(start, start + T)];
  const change = [...reading.change.subarray(start, start + T)];
  const after = before.map((weight, s) => weight + (change[s] ?? 0));
  return [
    before.map((weight) => fixed(weight)),
    after.map((weight) => (waits ? "?" : fixed(weight))),
    change.map((difference) => (waits ? "?" : signed(difference))),
  ];
}

/** A difference with its sign, and none where it rounds to zero. */
export function signed(difference: number): string {
  const text = fixed(difference);
  return Number(text) > 0 ? `${SIGNS.exceptZero}${text}` : text.replace("-", "−");
}
