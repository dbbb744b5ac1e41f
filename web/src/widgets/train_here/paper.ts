// On paper: how the run stands, the curves, some of their numbers, and the run as code.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { chart, describeGhost, LINES, viewOf } from "./chart";
import { asCode } from "./python_code";
import { describe } from "./sentence";
import { tableOfLosses } from "./tables";
import type { Trainer } from "./trainer";

const ROWS = 12;
const CODE = 6_000; // characters: who pasted a long text does not want it printed

export function onPaper(trainer: Trainer): HTMLElement {
  const print = (): Node[] => {
    const picture = chart();
    const view = viewOf(trainer);
    if (view) picture.draw(view);
    const code = asCode(trainer);
    return [
      h("p", {}, `${describe(trainer)} ${describeGhost(trainer)}`.trim()),
      h("div", { class: "figure" }, picture.element),
      h("p", {}, `Solid: ${LINES.held}. Dashed: ${LINES.training}. Level: ${LINES.nothing}, letters, pairs.`),
      captioned("Loss in nats a character", tableOfLosses(trainer, ROWS)),
      h("pre", {}, code.length > CODE ? "The text is too long to be printed as code." : code),
    ];
  };
  return paper(print, trainer.signal);
}
