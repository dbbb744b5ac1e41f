// The heat map's twin: all weights as a table, for whoever reads numbers better than colours.

import { type Details, details } from "../../controls/details";
import { captioned } from "../../controls/paper";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import type { Lab } from "./lab";

const CAPTION = "Attention weights: how much each word (row) attends to each word (column)";

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

/** As many keys as stand side by side on paper: all weights, or the selected query's largest. */
export const ON_PAPER = 12;

export function tableOnPaper(lab: Lab): HTMLTableElement {
  if (lab.S <= ON_PAPER) return captioned(CAPTION, tableOfWeights(lab));

  const { row } = lab.state;
  const texts = weightTexts(lab, row);
  const keys = [...lab.weightsOf(row).entries()];
  const ordered = lab.isHidden ? keys : keys.sort(([, a], [, b]) => b - a); // the order would tell
  const rows = ordered.slice(0, ON_PAPER).map(([s]) => [lab.inputs.keyTokens[s] ?? "", texts[s] ?? ""]);
  const which = lab.isHidden ? "first" : "largest";
  const caption = `The ${which} ${ON_PAPER} of the ${lab.S} weights of the selected query`;
  return captioned(caption, table(["key", "weight"], rows));
}

function weightTexts(lab: Lab, row: number): string[] {
  return Array.from(lab.weightsOf(row), (weight) => (row === lab.hiddenRow ? "?" : fixed(weight)));
}
