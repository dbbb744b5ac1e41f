// The laboratory on paper: the sentence, the picture and the table of what the reader has set, and the settings as code.

import { h } from "../../controls/element";
import { layoutOf } from "../../controls/heat_map/layout";
import { svgPicture } from "../../controls/heat_map/svg_picture";
import { captioned, paper } from "../../controls/paper";
import type { Lab } from "./lab";
import { asCode } from "./python_code";
import { describeQuery } from "./sentence";
import { namesOf, viewOf } from "./weights_map";
import { tableOfWeights } from "./weights_table";

const CAPTION = "Attention weights: how much each word (row) attends to each word (column)";

export function onPaper(lab: Lab): HTMLElement {
  const print = (): Node[] => {
    // As SVG however many words there are: a canvas would print the colours of the screen.
    const picture = svgPicture(layoutOf(lab.T, lab.S), ...namesOf(lab));
    picture.draw(viewOf(lab));
    return [
      h("p", {}, describeQuery(lab)),
      h("div", { class: "heat" }, picture.element),
      captioned(CAPTION, tableOfWeights(lab)),
      h("pre", {}, asCode(lab.source, lab.state)),
    ];
  };
  return paper(print, lab.signal);
}
