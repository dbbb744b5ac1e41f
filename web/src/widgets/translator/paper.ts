// The translator on paper: both texts, the picture with its frames, the table and the settings as code.

import { h } from "../../controls/element";
import { edgeOf, layoutOf } from "../../controls/heat_map/layout";
import { svgPicture } from "../../controls/heat_map/svg_picture";
import { captioned, paper } from "../../controls/paper";
import { setAttribute } from "../../controls/write";
import type { Desk } from "./desk";
import { textOf } from "./found";
import { frames, rowsSeen, shownAs, viewOf } from "./map";
import { asCode } from "./python_code";
import { describe, describeFrames, describeTruth, nameOfHead } from "./sentence";
import { tableOfWeights } from "./tables";

export function onPaper(desk: Desk): HTMLElement {
  const print = (): Node[] => {
    const code = h("pre", {}, asCode(desk.state, desk.trouble === ""));
    const { shown, about, state } = desk;
    if (!shown) return [h("p", {}, `“${state.text}”: ${describe(desk)}`), code];
    return [
      h("p", {}, `“${state.text}” is written as “${textOf(shown.ids, about)}”. ${describeTruth(desk, true)}`),
      h("p", {}, describe(desk)),
      h("div", { class: "heat" }, picture(desk)),
      h("p", {}, describeFrames(desk)),
      captioned(`Where ${nameOfHead(desk)} looks: a row for each character written`, tableOfWeights(desk)),
      code,
    ];
  };
  return paper(print, desk.signal);
}

const EDGE = 2; // of the last row's frames

/** The rows that are written, and the frames. */
function picture(desk: Desk): Element {
  const layout = layoutOf(desk.tokens.length, desk.read.length);
  const map = svgPicture(layout, desk.tokens.map(shownAs), desk.read.map(shownAs));
  map.draw(viewOf(desk));
  map.element.append(...frames(desk, layout));
  const end = edgeOf(layout, rowsSeen(desk)) + EDGE;
  setAttribute(map.element, "viewBox", `0 0 ${layout.width} ${end}`);
  return map.element;
}
