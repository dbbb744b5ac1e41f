// On paper: the sentence, the picture, all results, what was measured and the settings as code, of what the reader has set.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { table } from "../../controls/table";
import type { CostCalculator } from "./lab";
import { ASSUMED } from "./machine";
import { picture } from "./picture";
import { asCode } from "./python_code";
import { HEADINGS, shownRows } from "./results";
import { describe, MACHINE_HEADINGS, machineRows, tellMeasured } from "./sentences";

export function onPaper(lab: CostCalculator): HTMLElement {
  const print = (): Node[] => {
    const drawn = picture();
    drawn.draw(lab);
    const measured = lab.measured
      ? [captioned(tellMeasured(lab), table(MACHINE_HEADINGS, machineRows(lab))), h("p", {}, ASSUMED)]
      : [];
    return [
      h("p", {}, describe(lab)),
      ...(lab.asked ? [] : [drawn.element]),
      captioned(`${lab.title}: what it costs`, table(HEADINGS, shownRows(lab))),
      ...measured,
      h("pre", {}, asCode(lab)),
    ];
  };
  return paper(print, lab.signal);
}
