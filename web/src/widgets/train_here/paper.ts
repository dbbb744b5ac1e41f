// On paper: how the run stands, the curves, some of their numbers, and the run as code.

import { h } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { fixed } from "../../core/format";
import { type ChartView, chart, describeGhost, LINES, viewOf } from "./chart";
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
      h("div", { class: "losses" }, picture.element),
      h("p", {}, view ? keyOf(view) : ""),
      captioned("Loss in nats a character", tableOfLosses(trainer, ROWS)),
      h("pre", {}, code.length > CODE ? "The text is too long to be printed as code." : code),
    ];
  };
  return paper(print, trainer.signal);
}

/** The legend in words. */
function keyOf({ levels }: ChartView): string {
  const level = (name: keyof typeof levels): string => `${LINES[name]} ${fixed(levels[name])}`;
  const levelled = `${level("nothing")} (dotted), ${level("unigram")} (dashes), ${level("bigram")} (dashes and dots)`;
  return `Solid: ${LINES.held}. Dashed: ${LINES.training}. The thinner of each: the run before. Level: ${levelled}.`;
}
