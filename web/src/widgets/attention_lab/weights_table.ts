// The heat map's twin: all weights as a table, for whoever reads numbers better than colours.

import { type Details, details } from "../../controls/details";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import type { Lab } from "./lab";

export function weightsTable(lab: Lab): Details {
  const region = scrollRegion("All weights as a table");
  const part = details({
    title: "All weights as a table",
    children: [region],
    fill: () => region.replaceChildren(tableOfWeights(lab)),
    signal: lab.signal,
  });
  lab.onUpdate(part.update);
  return part;
}

export function tableOfWeights(lab: Lab): HTMLTableElement {
  const rows = lab.inputs.tokens.map((word, t) => [word, ...weightTexts(lab, t)]);
  return table(["query \\ key", ...lab.inputs.keyTokens], rows);
}

function weightTexts(lab: Lab, row: number): string[] {
  return Array.from(lab.weightsOf(row), (weight) => (row === lab.hiddenRow ? "?" : fixed(weight)));
}
