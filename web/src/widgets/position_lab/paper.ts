// On paper: the sentence, the two pictures, the table and the settings as code, of what the reader has set.

import { h } from "../../controls/element";
import { layoutOf } from "../../controls/heat_map/layout";
import { svgPicture } from "../../controls/heat_map/svg_picture";
import { captioned, paper } from "../../controls/paper";
import { curvePicture } from "./curve_picture";
import type { PositionLab } from "./lab";
import { CAPTIONS, namesOf, viewOf } from "./map";
import { asCode } from "./python_code";
import { describeCurve, describeSwap, formulaOf } from "./sentences";
import { tableOfWeights } from "./tables";

export function onPaper(lab: PositionLab): HTMLElement {
  const print = (): Node[] => {
    const names = namesOf(lab);
    const map = svgPicture(layoutOf(names.length, names.length), names, names);
    map.draw(viewOf(lab));
    const curve = curvePicture();
    curve.draw(curveViewOf(lab));
    return [
      h("p", {}, describeSwap(lab)),
      h("div", { class: "heat" }, map.element),
      h("p", {}, `${formulaOf(lab)}. ${describeCurve(lab)}`),
      h("div", { class: "distance" }, curve.element),
      captioned(captionOf(lab), tableOfWeights(lab)),
      h("pre", {}, asCode(lab.state)),
    ];
  };
  return paper(print, lab.signal);
}

/** The table has signs, where the picture has only sizes. */
function captionOf({ state: { show } }: PositionLab): string {
  return show === "change" ? "Change of each weight: rows are queries, columns keys, in the old order" : CAPTIONS[show];
}

export function curveViewOf({ reading, state }: PositionLab): Parameters<ReturnType<typeof curvePicture>["draw"]>[0] {
  return { curve: reading.curve, distance: state.key - state.row, causal: state.causal };
}
