// What the numbers say in words: who binds, what a token takes, whether all of it has room.

import { isBoundByArithmetic } from "../../core/costs";
import { computedBy, writtenBy } from "../../core/measuring";
import { CHANGES } from "./changes";
import type { CostCalculator } from "./lab";
import { counted, lasting, quantity, three } from "./names";

export function describe(lab: CostCalculator): string {
  const { state, costs, title, asked } = lab;
  const texts = state.batch === 1 ? "one text" : `${state.batch} texts at once`;
  const begin = title.slice(0, 1).toUpperCase() + title.slice(1);
  if (asked) {
    const [a, b] = asked.map((change) => CHANGES[change].name);
    return `${begin}, ${texts}. Which makes a written token cheaper: A, ${a}, or B, ${b}?`;
  }
  const binds = isBoundByArithmetic(costs) ? "arithmetic" : "memory";
  const each = counted(costs.most / state.batch);
  const step = `A step for ${texts} takes at least ${lasting(costs.step)}, bound by ${binds}: at most ${each} tokens a second for each.`;
  const paid = `A million tokens written cost ${counted(costs.million_written)} dollars of rent.`;
  return `${begin}. ${step} ${paid} ${pays(lab)}${fits(lab)}`;
}

function pays({ state, costs }: CostCalculator): string {
  const against = `${three(state.price)} dollars a million`;
  if (costs.needed === Infinity) return `Against ${against} an own machine never pays.`;
  return `Against ${against} an own machine pays from ${counted(costs.needed)} tokens a month on.`;
}

function fits({ costs }: CostCalculator): string {
  const needed = costs.weights + costs.caches;
  return needed <= costs.room ? "" : ` But ${quantity(needed, "B")} have no room in ${quantity(costs.room, "B")}.`;
}

/** What was measured here; empty before. */
export function tellMeasured({ measured }: CostCalculator): string {
  if (!measured) return "";
  const { bandwidth, operations } = measured;
  return `One thread of this browser reads ${quantity(bandwidth, "B")} a second, and does ${counted(operations)} operations a second.`;
}

export const MACHINE_HEADINGS = ["SmolLM2-135M in", "bytes a token", "tokens a second by memory", "by arithmetic"];

export function machineRows({ measured, laptop }: CostCalculator): string[][] {
  const parameters = laptop.total;
  if (!measured) return [];
  return [32, 4].map((bits) => [
    `${bits} bits`,
    quantity((parameters * bits) / 8, "B"),
    three(writtenBy(measured.bandwidth, parameters, bits)),
    three(computedBy(measured.operations, parameters)),
  ]);
}
