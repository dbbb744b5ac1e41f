// The bars' twin: the likeliest tokens as a table, for whoever reads numbers better than bars.

import { details } from "../../controls/details";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";

const LISTED = 50;
const HEADINGS = ["token", "chance by the model", "under the settings", "drawn"];

export function twin(desk: Desk): HTMLElement {
  const region = scrollRegion("The likeliest tokens as a table");
  const part = details({
    title: "The likeliest tokens as a table",
    children: [region],
    fill: () => region.replaceChildren(tableOfCandidates(desk, LISTED)),
    signal: desk.signal,
  });
  desk.onUpdate(part.update);
  return part.element;
}

export function tableOfCandidates(desk: Desk, count: number): HTMLTableElement {
  const rows = desk.isHidden ? [] : desk.candidates(count);
  const texts = rows.map(({ piece, chance, now, drawn }) => {
    return [shownAs(piece)[0], fixed(chance, 4), fixed(now, 4), desk.outlook?.draws ? String(drawn) : "–"];
  });
  return table(HEADINGS, texts);
}
