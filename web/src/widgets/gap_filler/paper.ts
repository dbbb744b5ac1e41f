// The gap filler on paper: the sentence as the model sees it, the bars and the table, and the state as code.

import { h, svg } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { fixed } from "../../core/format";
import { contextOf, SHOWN } from "./card";
import { MOST_CARDS } from "./cards";
import type { Desk, Told } from "./desk";
import { asCode } from "./python_code";
import { MASK } from "./row";
import { describe } from "./sentence";
import { tableOfWords } from "./tables";

const CAPTION = "What could stand in each gap, and the sentence’s own word";
const LINE = 20;
const NAMES = 110;
const WIDTH = 420;

export function onPaper(desk: Desk): HTMLElement {
  const print = (): Node[] => [
    h("p", {}, desk.seen.map((word) => word ?? MASK).join(" ")),
    h("p", {}, describe(desk)),
    ...desk.gaps.slice(0, MOST_CARDS).map((gap) => h("div", {}, contextOf(desk, gap.place), bars(gap))),
    captioned(CAPTION, tableOfWords(desk, SHOWN)),
    h("pre", {}, asCode(desk.state)),
  ];
  return paper(print, desk.signal);
}

function bars({ place, likeliest }: Told): SVGElement {
  const rows = likeliest.slice(0, SHOWN);
  const lines = rows.flatMap(({ word, chance }, i) => {
    const width = chance * (WIDTH - NAMES - 60);
    return [
      svg("text", { x: NAMES - 8, y: (i + 0.7) * LINE, "text-anchor": "end" }, word),
      svg("rect", { x: NAMES, y: i * LINE + 4, width, height: LINE - 8 }),
      svg("text", { x: NAMES + width + 8, y: (i + 0.7) * LINE }, fixed(chance, 3)),
    ];
  });
  const label = `The likeliest words at word ${place + 1}`;
  return svg(
    "svg",
    { class: "bars", viewBox: `0 0 ${WIDTH} ${rows.length * LINE}`, role: "img", "aria-label": label },
    ...lines,
  );
}
