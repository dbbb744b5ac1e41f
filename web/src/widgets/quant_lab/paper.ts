// On paper: the sentence, the pictures, the ranking, the chosen number and the settings as code, of what the reader has set.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { table } from "../../controls/table";
import { type BarsView, bars } from "./bars";
import type { QuantLab } from "./lab";
import { asCode } from "./python_code";
import { describe, equation } from "./sentences";
import { strip } from "./strip";
import { captionOf, HEADINGS, rankingRows } from "./tables";

export const AXES = { numbers: "(x − m) / s; ticks: levels", errors: "error x̂ − x" } as const;

/** The numbers in steps of their scale, over the levels. */
export function numbersView(lab: QuantLab): BarsView {
  const { histogram, rounded } = lab.reading;
  const { number, offset, scale } = lab.numberAt(lab.place[1]);
  return { histogram, levels: rounded.grid.levels, at: (number - offset) / scale, hidden: false };
}

export function errorsView(lab: QuantLab): BarsView {
  const { number, rounded } = lab.numberAt(lab.place[1]);
  const { errorHistogram: histogram } = lab.reading;
  return { histogram, levels: new Float64Array(), at: rounded - number, hidden: lab.asked !== null };
}

export function onPaper(lab: QuantLab): HTMLElement {
  const print = (): Node[] => {
    const pictures = [bars(AXES.numbers), bars(AXES.errors)] as const;
    pictures[0].draw(numbersView(lab));
    pictures[1].draw(errorsView(lab));
    const neighbours = strip();
    neighbours.draw(lab);
    return [
      h("p", {}, `${lab.reading.slice.title}. ${describe(lab)}`),
      pictures[0].element,
      pictures[1].element,
      captioned(captionOf(lab), table(HEADINGS, rankingRows(lab))),
      h("div", { class: "heat" }, neighbours.element),
      h("p", {}, equation(lab).join("; ")),
      h("pre", {}, asCode(lab)),
    ];
  };
  return paper(print, lab.signal);
}
