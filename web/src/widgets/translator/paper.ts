// The translator on paper: both texts, the picture with its frames, the table and the settings as code.

import { h } from "../../controls/element";
import { layoutOf } from "../../controls/heat_map/layout";
import { svgPicture } from "../../controls/heat_map/svg_picture";
import { captioned, paper } from "../../controls/paper";
import { legible } from "../../core/legible";
import type { Desk } from "./desk";
import { textOf } from "./found";
import { coverOf, frames, placeCover, viewOf } from "./map";
import { asCode } from "./python_code";
import { describe, describeFrames, describeTruth, nameOfHead } from "./sentence";
import { tableOfWeights } from "./tables";

export function onPaper(desk: Desk): HTMLElement {
  const print = (): Node[] => {
    const code = h("pre", {}, asCode(desk.state, desk.trouble === ""));
    const { shown, about, state } = desk;
    if (!shown) return [h("p", {}, `“${state.text}”: ${describe(desk)}`), code];
    const written = textOf(shown.ids.slice(0, desk.step + 1), about);
    return [
      h("p", {}, `“${state.text}” is written as “${written}”. ${describeTruth(desk)}`),
      h("p", {}, describe(desk)),
      h("div", { class: "heat" }, picture(desk)),
      h("p", {}, describeFrames(desk)),
      captioned(`Where ${nameOfHead(desk)} looks: a row for each character written`, tableOfWeights(desk)),
      code,
    ];
  };
  return paper(print, desk.signal);
}

/** The rows that are written, and the frames. */
function picture(desk: Desk): Element {
  const layout = layoutOf(desk.tokens.length, desk.read.length);
  const map = svgPicture(layout, desk.tokens.map(shownAs), desk.read.map(shownAs));
  map.draw(viewOf(desk));
  const cover = coverOf(layout);
  placeCover(cover, desk, layout);
  map.element.append(...frames(desk, layout), cover);
  return map.element;
}

const shownAs = (token: string): string => legible(token)[0];
