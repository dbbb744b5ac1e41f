// The twins of the pictures, for whoever reads numbers better: the weights, the alternatives, and the beams on the way.

import { h } from "../../controls/element";
import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import { legible } from "../../core/legible";
import { SHOWN } from "./alternatives";
import type { Desk } from "./desk";
import { alternativesAt, textOf } from "./found";
import { rowsSeen } from "./map";

export function tables(desk: Desk): HTMLElement {
  const all = h(
    "div",
    {},
    unfolding(desk, "Where it looks, as a table", () => [tableOfWeights(desk)]),
    unfolding(desk, "The alternatives at every place, as a table", () => [tableOfAlternatives(desk)]),
    unfolding(desk, "The beams on the way, as a table", () => [tableOfBeams(desk)]),
  );
  desk.onUpdate(() => {
    all.hidden = desk.shown === null;
  });
  return all;
}

export function tableOfWeights(desk: Desk): HTMLTableElement {
  const { tokens, read, weights } = desk;
  const S = read.length;
  const rows = tokens
    .slice(0, rowsSeen(desk))
    .map((token, t) => [token, ...Array.from(weights.subarray(t * S, (t + 1) * S), (weight) => fixed(weight))]);
  return table(["query \\ key", ...read], rows);
}

function tableOfAlternatives({ shown, step, tokens, about }: Desk): HTMLTableElement {
  const rows = tokens
    .slice(0, step + 1)
    .map((token, t) => [
      token,
      ...(shown ? alternativesAt(shown, t, about, SHOWN) : []).map(
        ({ token: other, chance }) => `${legible(other)[0]} ${fixed(chance, 4)}`,
      ),
    ]);
  const ranks = Array.from({ length: SHOWN }, (_, i) => (i === 0 ? "likeliest" : `${i + 1}`));
  return table(["written", ...ranks], rows);
}

function tableOfBeams({ found, about }: Desk): HTMLTableElement {
  const rows = (found?.held ?? []).map((held, t) => [
    String(t),
    ...held.map(({ ids, total }) => `${textOf(ids, about) || "∅"} ${fixed(total, 3).replace("-", "−")}`),
  ]);
  const most = Math.max(1, ...rows.map((row) => row.length - 1));
  const headings = ["characters", ...Array.from({ length: most }, (_, i) => `beam ${i + 1}, Σ log p`)];
  return table(headings, rows);
}
