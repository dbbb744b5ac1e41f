// On paper: the sentence, the picture, what is counted, the nodes and the settings as code, of what the reader has set.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { table } from "../../controls/table";
import type { BackpropLab } from "./lab";
import { TITLES } from "./names";
import { picture } from "./picture";
import { asCode } from "./python_code";
import { describe } from "./sentences";
import { counterRows, HEADINGS, NODE_HEADINGS, nodeRows } from "./tables";

export function onPaper(lab: BackpropLab): HTMLElement {
  const print = (): Node[] => {
    const { element, draw } = picture(lab);
    draw(lab);
    return [
      h("p", {}, describe(lab)),
      element,
      captioned("What it costs", table(HEADINGS, counterRows(lab))),
      captioned(TITLES[lab.state.graph], table(NODE_HEADINGS, nodeRows(lab))),
      h("pre", {}, asCode(lab)),
    ];
  };
  return paper(print, lab.signal);
}
