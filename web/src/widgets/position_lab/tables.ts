// The twins of the pictures, for whoever reads numbers better: all weights, and the curve.

import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import { REACH } from "./curve";
import type { PositionLab } from "./lab";
import { signed } from "./row_table";

export function weightsTable(lab: PositionLab): HTMLElement {
  return unfolding(lab, "All weights as a table", () => [tableOfWeights(lab)]);
}

export function curveTable(lab: PositionLab): HTMLElement {
  return unfolding(lab, "The curve as a table", () => [tableOfCurve(lab)]);
}

/** What the map shows, the changes with their signs. */
export function tableOfWeights({ state, words, swapped, reading }: PositionLab): HTMLTableElement {
  const { before, after, change } = reading;
  const shown = { before: before.weights, after: after.weights, change }[state.show];
  const names = state.show === "after" ? swapped : words;
  const T = words.length;
  const text = state.show === "change" ? signed : (weight: number) => fixed(weight);
  const rows = names.map((word, t) => [word, ...Array.from(shown.subarray(t * T, (t + 1) * T), text)]);
  return table(["query \\ key", ...names], rows);
}

function tableOfCurve({ reading: { curve }, state }: PositionLab): HTMLTableElement {
  const last = state.causal ? REACH : 2 * REACH;
  const rows = Array.from({ length: last + 1 }, (_, n) => {
    const numbers = [curve.low, curve.mean, curve.high].map((values) => fixed(values[n] ?? 0, 3));
    return [String(n - REACH), ...numbers];
  });
  return table(["s − t", "least", "mean", "largest"], rows);
}
