// What it costs, as a table; and the twin of the picture, which unfolds.

import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { setText } from "../../controls/write";
import { type Costs, costsOf, hasRoom, isBoundByArithmetic } from "../../core/costs";
import type { CostCalculator } from "./lab";
import { counted, lasting, quantity } from "./names";

export const HEADINGS = ["what", "how much"];
const MOST_DOUBLINGS = 12;

/** A name and a text for each result, as llmbook.pages.widgets.costed.told. */
export function rowsOf(costs: Costs): string[][] {
  const dollars = (x: number): string => `${counted(x)} dollars`;
  const tokens = (x: number): string => `${counted(x)} tokens`;
  return [
    ["training, operations", counted(costs.operations)],
    ["training, device hours", counted(costs.hours)],
    ["training on these devices", lasting(costs.days * 86400)],
    ["training, energy of the devices", quantity(costs.kilowatt_hours * 1000, "Wh")],
    ["training, rent", dollars(costs.dollars)],
    ["memory for weights", quantity(costs.weights, "B")],
    ["memory for caches", quantity(costs.caches, "B")],
    ["memory of the devices", quantity(costs.room, "B")],
    ["weights fetched in a step", quantity(costs.fetched, "B")],
    ["a step of writing, at least", lasting(costs.step)],
    ["its arithmetic alone", lasting(costs.arithmetic)],
    ["written a second, at most", tokens(costs.most)],
    ["written a second, at the share reached", tokens(costs.rate)],
    ["read a second, at the share reached", tokens(costs.reading)],
    ["an answer, time", lasting(costs.seconds)],
    ["an answer, energy of the devices", quantity(costs.joules, "J")],
    ["an answer, rent", dollars(costs.answer)],
    ["a million tokens read, rent", dollars(costs.million_read)],
    ["a million tokens written, rent", dollars(costs.million_written)],
    ["an own machine pays from", costs.needed === Infinity ? "never" : `${tokens(costs.needed)} a month`],
  ];
}

/** While a question waits, nothing is told. */
export function shownRows({ costs, asked }: CostCalculator): string[][] {
  const rows = rowsOf(costs);
  return asked ? rows.map(([name = ""]) => [name, "?"]) : rows;
}

/** Rows stay, only their texts change. */
export function results(lab: CostCalculator): HTMLElement {
  const rows = table(HEADINGS, rowsOf(lab.costs));
  const region = scrollRegion("What it costs");
  region.append(rows);
  const cells = [...rows.querySelectorAll("tbody td")];
  lab.onUpdate(() => {
    const texts = shownRows(lab);
    for (const [i, cell] of cells.entries()) setText(cell, texts[i]?.[1] ?? "");
  });
  return h("div", { class: "results" }, region);
}

/** Batches from 1 on, each twice the one before, and what they cost. */
export function batches({ state }: CostCalculator): [batch: number, costs: Costs][] {
  return Array.from({ length: MOST_DOUBLINGS + 1 }, (_, i) => [2 ** i, costsOf({ ...state, batch: 2 ** i })]);
}

export function batchTable(lab: CostCalculator): HTMLElement {
  return unfolding(lab, "The picture as a table", () => {
    if (lab.asked) return [h("p", { class: "notice" }, "Answer first.")];
    const rows = batches(lab).map(([batch, costs]) => [
      String(batch),
      counted(costs.most),
      counted(costs.most / batch),
      quantity(costs.fetched, "B"),
      isBoundByArithmetic(costs) ? "arithmetic" : "memory",
      hasRoom(costs) ? "yes" : "no",
    ]);
    const headings = ["texts at once", "tokens a second", "each", "weights fetched", "bound by", "has room"];
    return [table(headings, rows)];
  });
}
