// The bars' twin: the likeliest tokens as a table, for whoever reads numbers better than bars.

import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";

const LISTED = 50;
const HEADINGS = ["token", "chance by the model", "under the settings", "drawn"];

export function twin(desk: Desk): HTMLElement {
  return unfolding(desk, "The likeliest tokens as a table", () => [tableOfCandidates(desk, LISTED)]);
}

export function tableOfCandidates(desk: Desk, count: number): HTMLTableElement {
  const rows = desk.isHidden ? [] : desk.candidates(count);
  const texts = rows.map(({ piece, chance, now, drawn }) => {
    return [shownAs(piece)[0], fixed(chance, 4), fixed(now, 4), desk.outlook?.draws ? String(drawn) : "–"];
  });
  return table(HEADINGS, texts);
}
