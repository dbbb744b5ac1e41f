// On paper: the sentence, all heads in small, the map, its table and the settings as code, of what the reader has set.

import { h } from "../../controls/element";
import { layoutOf } from "../../controls/heat_map/layout";
import { svgPicture } from "../../controls/heat_map/svg_picture";
import { captioned, paper } from "../../controls/paper";
import { fixed } from "../../core/format";
import { rowOf } from "../../core/matrix";
import type { Explorer } from "./explorer";
import { namesOf, viewOf } from "./map";
import { orderOf } from "./order";
import { asCode } from "./python_code";
import { captionOf, describe } from "./sentences";
import { tableOfWeights } from "./tables";
import { inkOf, paint, thumbnail } from "./thumbnail";

const INK = "#0b5c8f"; // the book's on paper, whatever the theme of the screen

export function onPaper(explorer: Explorer): HTMLElement {
  const print = (): Node[] => {
    const names = namesOf(explorer);
    if (names.length === 0) return [h("pre", {}, asCode(explorer.source, explorer.state))];
    const map = svgPicture(layoutOf(names.length, names.length), names, names);
    map.draw(viewOf(explorer));
    return [
      h("p", {}, describe(explorer)),
      h("div", { class: "heat" }, map.element),
      ...allHeads(explorer),
      captioned(captionOf(explorer), tableOfWeights(explorer)),
      h("pre", {}, asCode(explorer.source, explorer.state)),
    ];
  };
  return paper(print, explorer.signal);
}

function allHeads(explorer: Explorer): HTMLElement[] {
  const { set, all, scores, state } = explorer;
  if (!set) return [];
  const ink = inkOf(INK);
  const image = new ImageData(set.T, set.T);
  const cells = orderOf(explorer).map((place) => {
    const canvas = thumbnail(set.T);
    paint(canvas, image, rowOf(all, set.T ** 2, place), ink);
    const label = set.labels[place] ?? "";
    const score = scores ? ` ${fixed(scores[place] ?? 0)}` : "";
    const name = state.heads.includes(label) ? h("strong", {}, label) : label;
    return h("div", { class: "one-head" }, canvas, h("span", { class: "label" }, name, score));
  });
  const element = h("div", { class: "heads" }, ...cells);
  element.style.setProperty("--heads", String(set.n_heads));
  element.style.setProperty("--half", String(set.n_heads));
  return [element];
}
