// Numbers on a grid: a few levels, a scale for each group of numbers, and which level is nearest. The twin in Python is
// llmbook.compression.grids; the tests compare them.

import { roundEven, toHalf } from "./float16";

/** How the levels lie: around nought, from nought with a whole zero-point, or from any number. */
export type Offset = "none" | "whole" | "free";

export interface Grid {
  /** Rising, before they are scaled. */
  levels: Float64Array;
  offset: Offset;
  /** Whether the levels are whole numbers side by side. */
  isWhole: boolean;
  bits: number;
}

export interface OnGrid {
  grid: Grid;
  /** How many numbers share a scale. */
  size: number;
  scale: Float64Array;
  offset: Float64Array;
  codes: Uint8Array;
  /** s · level[code] + m. */
  back: Float64Array;
}

const SCALE_BITS = 16;

export function wholeNumbers(bits: number, offset: Offset): Grid {
  const most = 2 ** (bits - 1) - 1;
  const levels =
    offset === "none"
      ? Float64Array.from({ length: 2 * most + 1 }, (_, i) => i - most)
      : Float64Array.from({ length: 2 ** bits }, (_, i) => i);
  return { levels, offset, isWhole: true, bits };
}

export function listed(levels: readonly number[]): Grid {
  return { levels: Float64Array.from(levels), offset: "none", isWhole: false, bits: 4 };
}

/** A sign, two bits of exponent, one of mantissa. */
export const FP4 = [-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6];

/** Each number's nearest level; `size` numbers side by side share a scale. */
export function onGrid(x: Float64Array, size: number, grid: Grid): OnGrid {
  const groups = x.length / size;
  const [scale, offset] = [new Float64Array(groups), new Float64Array(groups)];
  const codes = new Uint8Array(x.length);
  const back = new Float64Array(x.length);
  const { levels, isWhole } = grid;
  const first = levels[0]!;
  const last = levels.length - 1;
  const middles = Float64Array.from({ length: last }, (_, i) => (levels[i]! + levels[i + 1]!) / 2);
  for (let group = 0; group < groups; group++) {
    const start = group * size;
    const [s, m] = fit(x, start, start + size, grid);
    scale[group] = s;
    offset[group] = m;
    for (let i = start; i < start + size; i++) {
      const scaled = (x[i]! - m) / s;
      const code = isWhole ? Math.min(last, Math.max(0, roundEven(scaled - first))) : below(scaled, middles);
      codes[i] = code;
      back[i] = s * levels[code]! + m;
    }
  }
  return { grid, size, scale, offset, codes, back };
}

/** How many of the middles lie below. */
function below(x: number, middles: Float64Array): number {
  let count = 0;
  while (count < middles.length && middles[count]! < x) count++;
  return count;
}

/** The scale and the offset for which the largest and the smallest number are at the grid's ends, both in float16. */
function fit(x: Float64Array, start: number, end: number, { levels, offset }: Grid): [scale: number, offset: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = start; i < end; i++) {
    const value = x[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const [first, last] = [levels[0]!, levels[levels.length - 1]!];
  if (offset === "none") return [toHalf(Math.max(-low, high) / last) || 1, 0];
  if (offset === "whole") [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = toHalf((high - low) / (last - first)) || 1; // a group of one number, or of noughts
  return [scale, offset === "whole" ? scale * roundEven(low / scale) : toHalf(low)];
}

/** Bits a number: its code, and its share of the group's scale and offset. */
export function bitsOf({ bits, offset }: Grid, size: number): number {
  const extra = { none: 0, whole: bits, free: SCALE_BITS }[offset];
  return bits + (SCALE_BITS + extra) / size;
}

export const NORMS = ["absolute", "square", "greatest"] as const;
export type Norm = (typeof NORMS)[number];
export type Shares = Record<Norm, number>;

/** The errors' mean size, their mean square and the greatest of them, each over the numbers' own. */
export function errorsOf(x: Float64Array, back: Float64Array): Shares {
  let [sum, squares, most, ofX, squaresOfX, mostOfX] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const own = Math.abs(x[i]!);
    const off = Math.abs(back[i]! - x[i]!);
    sum += off;
    squares += off * off;
    if (off > most) most = off;
    ofX += own;
    squaresOfX += own * own;
    if (own > mostOfX) mostOfX = own;
  }
  const share = (error: number, size: number): number => (size > 0 ? error / size : 0);
  return { absolute: share(sum, ofX), square: share(squares, squaresOfX), greatest: share(most, mostOfX) };
}

export interface Histogram {
  low: number;
  high: number;
  counts: Float64Array;
}

const BINS = 60; // of numbers, between the grid's ends
const ERROR_BINS = 41; // between the largest error and its negative: one is around nought

/** How many numbers lie where between the grid's ends, each in steps of its own group's scale. */
export function histogram(x: Float64Array, { grid, size, scale, offset }: OnGrid): Histogram {
  const [low, high] = [grid.levels[0]!, grid.levels.at(-1)!];
  const counts = new Float64Array(BINS);
  for (const [group, s] of scale.entries()) {
    const m = offset[group]!;
    for (let i = group * size; i < (group + 1) * size; i++) counts[placeOf((x[i]! - m) / s, low, high, BINS)]!++;
  }
  return { low, high, counts };
}

/** How many errors lie where between the largest and its negative. */
export function errorHistogram(x: Float64Array, { back }: OnGrid): Histogram {
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, Math.abs(back[i]! - x[i]!));
  const counts = new Float64Array(ERROR_BINS);
  for (let i = 0; i < x.length; i++) counts[placeOf(back[i]! - x[i]!, -most, most, ERROR_BINS)]!++;
  return { low: -most, high: most, counts };
}

/** A number beyond an end counts at it; where all are one number, in the middle. */
function placeOf(value: number, low: number, high: number, bins: number): number {
  if (high === low) return Math.floor(bins / 2);
  return Math.min(bins - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * bins)));
}

/** How many levels are used, and which share of the numbers becomes nought. */
export function usesOf({ grid, codes, back }: OnGrid): { used: number; noughts: number } {
  const seen = new Uint8Array(grid.levels.length);
  let noughts = 0;
  for (let i = 0; i < codes.length; i++) {
    seen[codes[i]!] = 1;
    if (back[i] === 0) noughts++;
  }
  return { used: seen.reduce((sum, one) => sum + one, 0), noughts: noughts / codes.length };
}

export interface OneNumber {
  number: number;
  scale: number;
  offset: number;
  level: number;
  rounded: number;
}

/** A number, its group's scale and offset, its level, and what it has become. */
export function numberAt(x: Float64Array, { grid, size, scale, offset, codes, back }: OnGrid, i: number): OneNumber {
  const group = Math.floor(i / size);
  return {
    number: x[i]!,
    scale: scale[group]!,
    offset: offset[group]!,
    level: grid.levels[codes[i]!]!,
    rounded: back[i]!,
  };
}
