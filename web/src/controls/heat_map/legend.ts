// What the shades of a heat map stand for, from 0 to the weight of full colour; of differences, from one end to the other.

import { fixed } from "../../core/format";
import { h, svg } from "../element";
import { setText } from "../write";

const SHARES = [0, 0.2, 0.4, 0.6, 0.8, 1]; // of a multiple of 0.1 these have two decimals
export const BOTH_WAYS = [-1, -0.6, -0.2, 0.2, 0.6, 1];
const WIDTH = 48;

export interface Legend {
  element: HTMLElement;
  update(full: number): void;
}

export function legend(shares = SHARES): Legend {
  const swatches = shares.map((share, i) => {
    const colour = share < 0 ? { class: "less" } : {};
    return svg("rect", {
      ...colour,
      x: i * WIDTH + 1,
      y: 1,
      width: WIDTH - 2,
      height: 12,
      "fill-opacity": Math.abs(share),
    });
  });
  const frames = shares.map((_, i) =>
    svg("rect", { class: "frame", x: i * WIDTH + 1, y: 1, width: WIDTH - 2, height: 12 }),
  );
  const texts = shares.map((_, i) => svg("text", { x: (i + 0.5) * WIDTH, y: 28, "text-anchor": "middle" }));
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${shares.length * WIDTH} 32`, "aria-hidden": "true", focusable: "false" },
    svg("g", { class: "cells" }, ...swatches),
    ...frames,
    ...texts,
  );
  const element = h("div", { class: "heat legend" }, picture);
  function update(full: number): void {
    for (const [i, text] of texts.entries()) setText(text, fixed((shares[i] ?? 0) * full).replace("-", "−"));
  }
  return { element, update };
}
