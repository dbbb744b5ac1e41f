// The heat map's twin: all weights as a table, for whoever reads numbers better than colours.

import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import type { Lab } from "./lab";

export function weightsTable(lab: Lab): HTMLElement {
  return unfolding(lab, "All weights as a table", () => [tableOfWeights(lab)]);
}

export function tableOfWeights(lab: Lab): HTMLTableElement {
  const rows = lab.inputs.tokens.map((word, t) => [word, ...weightTexts(lab, t)]);
  return table(["query \\ key", ...lab.inputs.keyTokens], rows);
}

function weightTexts(lab: Lab, row: number): string[] {
  return Array.from(lab.weightsOf(row), (weight) => (row === lab.hiddenRow ? "?" : fixed(weight)));
}
