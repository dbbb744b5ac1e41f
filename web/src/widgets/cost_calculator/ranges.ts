// How far each number goes, as in llmbook.pages.widgets.costed, and how a slider goes through it.

import type { Name } from "../../core/costs";
import { WHOLE } from "./state";

export const RANGES: Record<Name, readonly [low: number, high: number]> = {
  total: [1e6, 1e13],
  active: [1e6, 1e13],
  shared: [1e6, 1e13],
  bits: [4, 32],
  cache: [1, 1e7],
  trained: [1e6, 1e15],
  batch: [1, 1e4],
  read: [1, 1e6],
  written: [1, 1e5],
  devices: [1, 1e5],
  operations: [1e9, 1e17],
  bandwidth: [1e8, 1e14],
  watts: [1, 1e5],
  room: [1e8, 1e13],
  used: [0.01, 1],
  reached: [0.01, 1],
  rent: [0.001, 1000],
  price: [0.001, 1000],
  machine: [10, 1e7],
  months: [1, 120],
  electricity: [0.01, 2],
};

const LINEAR: Partial<Record<Name, number>> = { used: 0.01, reached: 0.01, months: 1, electricity: 0.01 };
const STEPS = 40; // for each ten times as much

/** The number of positions of a slider, the first left out. */
export function lastPosition(name: Name): number {
  const [low, high] = RANGES[name];
  const step = LINEAR[name];
  return step ? Math.round((high - low) / step) : Math.round(STEPS * Math.log10(high / low));
}

export function positionOf(name: Name, value: number): number {
  const [low] = RANGES[name];
  const step = LINEAR[name];
  return step ? Math.round((value - low) / step) : Math.round(STEPS * Math.log10(value / low));
}

/** With three digits; what is counted is whole. */
export function valueAt(name: Name, position: number): number {
  const [low, high] = RANGES[name];
  const step = LINEAR[name];
  const value = step ? low + position * step : low * 10 ** (position / STEPS);
  const rounded = Number(value.toPrecision(3));
  return Math.min(high, Math.max(low, WHOLE.includes(name) ? Math.round(rounded) : rounded));
}
