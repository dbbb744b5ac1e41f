// The writer on paper: the text, the bars and the table of what the reader has set, and the settings as code.

import { h, svg } from "../../controls/element";
import { captioned, paper } from "../../controls/paper";
import { fixed } from "../../core/format";
import { SHOWN, shownAs } from "./candidates";
import type { Desk } from "./desk";
import { asCode } from "./python_code";
import { describe } from "./sentence";
import { tableOfCandidates } from "./twin";

const CAPTION = "What may come next: each token’s chance by the model, and under the settings";
const LINE = 22;
const NAMES = 110;
const WIDTH = 420;

export function onPaper(desk: Desk): HTMLElement {
  const print = (): Node[] => [
    h("p", {}, desk.state.text),
    h("p", {}, describe(desk)),
    bars(desk),
    captioned(CAPTION, tableOfCandidates(desk, SHOWN)),
    h("pre", {}, asCode(desk.model.stored.name, desk.state)),
  ];
  return paper(print, desk.signal);
}

function bars(desk: Desk): SVGElement {
  const rows = desk.isHidden ? [] : desk.candidates(SHOWN);
  const lines = rows.flatMap(({ piece, now }, i) => [
    svg("text", { x: NAMES - 8, y: (i + 0.7) * LINE, "text-anchor": "end" }, shownAs(piece)[0]),
    svg("rect", { x: NAMES, y: i * LINE + 4, width: now * (WIDTH - NAMES - 60), height: LINE - 8 }),
    svg("text", { x: NAMES + now * (WIDTH - NAMES - 60) + 8, y: (i + 0.7) * LINE }, fixed(now, 3)),
  ]);
  const height = Math.max(4, rows.length) * LINE;
  return svg(
    "svg",
    { class: "bars", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": describe(desk) },
    ...lines,
  );
}
