// Where a word stands: waves added to it, turns of queries and keys, a bias on the scores.
// The twins in Python are llmbook.nn.positions, llmbook.nn.rotary and llmbook.nn.alibi; the tests compare them.

import { type Matrix, zeros } from "./matrix";

export type Pairing = "interleaved" | "half";

/** θ_j = base^(-2j/d) for each of the d/2 pairs of coordinates. */
export function frequencies(d: number, base: number): Float64Array {
  return Float64Array.from({ length: d / 2 }, (_, j) => base ** ((-2 * j) / d));
}

/** p[t, 2i] = sin(t θ_i), p[t, 2i+1] = cos(t θ_i), for an even width d. */
export function sinusoids(T: number, d: number, base: number): Matrix {
  const table = zeros(T, d);
  const theta = frequencies(d, base);
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < theta.length; i++) {
      table.data[t * d + 2 * i] = Math.sin(t * theta[i]!);
      table.data[t * d + 2 * i + 1] = Math.cos(t * theta[i]!);
    }
  }
  return table;
}

/** Each row turned by its place, which counts from `start`, pair by pair; neighbours are a pair, or j and j + d/2. */
export function rotate(x: Matrix, base: number, pairing: Pairing, start = 0): Matrix {
  const out = zeros(x.rows, x.cols);
  const theta = frequencies(x.cols, base);
  const [step, apart] = pairing === "interleaved" ? [2, 1] : [1, theta.length];
  for (let t = 0; t < x.rows; t++) {
    for (let j = 0; j < theta.length; j++) {
      const angle = (start + t) * theta[j]!;
      const first = t * x.cols + step * j;
      const [a, b] = [x.data[first]!, x.data[first + apart]!];
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      out.data[first] = a * cos - b * sin;
      out.data[first + apart] = a * sin + b * cos;
    }
  }
  return out;
}

/** The slope of head h among H, a power of two, heads: 2^(-8(h+1)/H). */
export function alibiSlope(head: number, H: number): number {
  return 2 ** ((-8 * (head + 1)) / H);
}

/** -slope · |t - s|, (T, T). */
export function alibiBias(slope: number, T: number): Float64Array {
  return Float64Array.from({ length: T * T }, (_, i) => -slope * Math.abs(Math.floor(i / T) - (i % T)));
}
