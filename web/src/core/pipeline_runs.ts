// Measured runs of pipelines, and how long each action of another schedule takes if it takes as long as theirs.

import { countStages, type Kind, keyOf, type LengthOf, type Orders, type Trace } from "./pipelines";

/** A measured run as it is stored: a row for each rank, milliseconds since the last rank came. */
export interface Run {
  p: number;
  m: number;
  v: number;
  kind: "waits" | "products";
  trace: [kind: Kind, stage: number, micro: number, start: number, end: number][][];
}

export const traceOf = (run: Run): Trace =>
  run.trace.map((row) => row.map(([kind, stage, micro, start, end]) => ({ kind, stage, micro, start, end })));

/**
 * How long each action takes, with v stages on each of p ranks: ticks, or a measured run's milliseconds. A run of as many
 * stages gives each its own; of another, a rank's stages of one micro-batch are added up and shared equally.
 */
export function lengthsOf(run: Run | null, p: number, v: number): LengthOf {
  if (!run) return ({ kind }) => (kind === "F" ? 1 : 2) / v;
  const isAlike = run.v === v;
  const n = isAlike ? p * v : p;
  const kept = new Map<number, number>();
  for (const [kind, stage, micro, start, end] of run.trace.flat()) {
    const key = keyOf({ kind, stage: isAlike ? stage : stage % p, micro }, n);
    kept.set(key, (kept.get(key) ?? 0) + end - start);
  }
  return ({ kind, stage, micro }) => {
    const at = { kind, stage: isAlike ? stage : stage % p, micro: micro % run.m };
    return (kept.get(keyOf(at, n)) ?? 0) / (isAlike ? 1 : v);
  };
}

/** Of all forwards of a rank's stages: the unit in which a picture is drawn. */
export function meanForward(orders: Orders, lengthOf: LengthOf): number {
  const lengths = orders.flat().filter(({ kind }) => kind === "F");
  const sum = lengths.reduce((total, one) => total + lengthOf(one), 0);
  return (sum / lengths.length) * (countStages(orders) / orders.length);
}
