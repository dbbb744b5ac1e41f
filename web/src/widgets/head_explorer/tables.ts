// The twins of the pictures, for whoever reads numbers better: all heads with their scores, and the weights of the map.

import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import { KINDS } from "../../core/head_scores";
import type { Explorer } from "./explorer";
import { orderOf } from "./order";
import { KIND_NAMES, minus, signed } from "./sentences";

export function headsTable(explorer: Explorer): HTMLElement {
  return unfolding(explorer, "The heads and their scores as a table", () => [tableOfHeads(explorer)]);
}

export function weightsTable(explorer: Explorer): HTMLElement {
  return unfolding(explorer, "The weights as a table", () => [tableOfWeights(explorer)]);
}

/** Those that are shown, in their order; nothing of scores while the reader is asked to find a head. */
export function tableOfHeads(explorer: Explorer, most = Number.POSITIVE_INFINITY): HTMLTableElement {
  const { set, asked, state } = explorer;
  const kinds = asked ? [] : KINDS.filter((kind) => set?.templates[kind]);
  for (const kind of kinds) explorer.seen.add(`${state.sentence} ${kind}`);
  const scores = kinds.map((kind) => explorer.scoresOf(kind));
  const rows = orderOf(explorer)
    .slice(0, most)
    .map((place) => {
      const numbers = scores.map((ofAll) => minus(ofAll?.[place] ?? 0));
      return [set?.labels[place] ?? "", explorer.nameOf(place) || "–", ...numbers];
    });
  return table(["head", "called", ...kinds.map((kind) => KIND_NAMES[kind])], rows);
}

/** What the map shows, the differences with their signs. */
export function tableOfWeights(explorer: Explorer): HTMLTableElement {
  const { words, against, shown } = explorer;
  const T = words.length;
  const text = against === "nothing" ? (weight: number) => fixed(weight) : signed;
  const rows = words.map((word, t) => [word, ...Array.from(shown.subarray(t * T, (t + 1) * T), text)]);
  return table(["query \\ key", ...words], rows);
}
