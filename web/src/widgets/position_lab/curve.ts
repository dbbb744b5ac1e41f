// Score, or similarity, against distance: what each way of telling positions says of s - t alone.

import { scores } from "../../core/attention";
import { type Matrix, times, zeros } from "../../core/matrix";
import { alibiSlope } from "../../core/positions";
import { addedTable, projection, type Settings, turned, wordVector } from "./head";
import { HEADS, type Source } from "./state";

export const REACH = 32; // the farthest distance
const PLACES = 64;
const DISTANCES = 2 * REACH + 1;

/** At each distance from -32 to 32 the least, the mean and the largest over the places of a query. */
export interface Curve {
  low: Float64Array;
  mean: Float64Array;
  high: Float64Array;
}

export function curveOf(source: Source, settings: Settings, words: string[], row: number, key: number): Curve {
  switch (settings.kind) {
    case "rotary":
      return rotaryCurve(settings, words, row, key);
    case "sinusoidal":
    case "learned":
      return similarities(addedTable(source, settings, PLACES));
    case "alibi":
      return exact((distance) => -alibiSlope(settings.head, HEADS) * Math.abs(distance));
    default:
      return exact(() => 0);
  }
}

/** A curve that is the same at all places. */
function exact(of: (distance: number) => number): Curve {
  return spread(() => 1, of);
}

/** Over so many places at each distance, each with a value. */
function spread(placesAt: (distance: number) => number, valueAt: (distance: number, t: number) => number): Curve {
  const curve = {
    low: new Float64Array(DISTANCES),
    mean: new Float64Array(DISTANCES),
    high: new Float64Array(DISTANCES),
  };
  for (let n = 0; n < DISTANCES; n++) {
    const places = placesAt(n - REACH);
    let [low, sum, high] = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
    for (let t = 0; t < places; t++) {
      const value = valueAt(n - REACH, t);
      low = Math.min(low, value);
      sum += value;
      high = Math.max(high, value);
    }
    curve.low[n] = low;
    curve.mean[n] = sum / places;
    curve.high[n] = high;
  }
  return curve;
}

/** The cosine of p_t and p_s. */
function similarities(table: Matrix): Curve {
  const products = scores(table, table);
  const lengths = Array.from({ length: PLACES }, (_, t) => Math.sqrt(products[t * PLACES + t] ?? 0));
  const placesAt = (distance: number): number => PLACES - Math.abs(distance);
  return spread(placesAt, (distance, t) => {
    const n = Math.abs(distance);
    return (products[t * PLACES + t + n] ?? 0) / ((lengths[t] ?? 0) * (lengths[t + n] ?? 0));
  });
}

/** The score of two words of the sentence, put so far apart: their query at each place, and keys around it. */
function rotaryCurve(settings: Settings, words: string[], row: number, key: number): Curve {
  const T = words.length;
  const vectorAt = (place: number): Matrix => {
    return { rows: 1, cols: settings.d, data: wordVector(words[place] ?? "", settings) };
  };
  const queries = turned(repeated(times(vectorAt(row), projection("q", settings)), T), "q", settings);
  const around = repeated(times(vectorAt(key), projection("k", settings)), T + DISTANCES - 1);
  const keys = turned(around, "k", settings, -REACH);
  const products = scores(queries, keys);
  const root = Math.sqrt(settings.d);
  const valueAt = (distance: number, t: number): number => (products[t * keys.rows + t + distance + REACH] ?? 0) / root;
  return spread(() => T, valueAt);
}

function repeated({ cols, data }: Matrix, rows: number): Matrix {
  const out = zeros(rows, cols);
  for (let t = 0; t < rows; t++) out.data.set(data, t * cols);
  return out;
}

/** How far the values at one distance lie apart, at most: nothing where the distance alone decides. */
export function widthOf({ low, high }: Curve): number {
  return Math.max(...low.map((value, n) => (high[n] ?? 0) - value));
}

/** Whether a key so far behind and one so far ahead are alike at every distance. */
export function isEven({ mean }: Curve): boolean {
  return mean.every((value, n) => Math.abs(value - (mean[DISTANCES - 1 - n] ?? 0)) < 1e-9);
}
