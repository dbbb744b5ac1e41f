// Scaled dot-product attention on Float64 arrays. Its twin in Python is llmbook.nn.attention; the tests compare the two.

import type { Matrix } from "./matrix";
import { softmax } from "./softmax";

export interface Attention {
  /** QKᵀ, (T, S). */
  scores: Float64Array;
  /** The scores divided, and any bias added, (T, S). */
  scaled: Float64Array;
  /** 1 where query t may attend to key s, (T, S). */
  mayAttend: Uint8Array;
  /** The softmax of the scaled scores, (T, S). */
  weights: Float64Array;
  /** The weights times V, (T, d_v). */
  outputs: Float64Array;
}

/** QKᵀ: the dot product of each query with each key. */
export function scores(q: Matrix, k: Matrix): Float64Array {
  const out = new Float64Array(q.rows * k.rows);
  for (let t = 0; t < q.rows; t++) {
    for (let s = 0; s < k.rows; s++) {
      let sum = 0;
      for (let i = 0; i < q.cols; i++) {
        sum += q.data[t * q.cols + i]! * k.data[s * k.cols + i]!;
      }
      out[t * k.rows + s] = sum;
    }
  }
  return out;
}

/** AV: each query's mean of the values, under its attention weights. */
export function outputs(weights: Float64Array, v: Matrix, T: number): Float64Array {
  const out = new Float64Array(T * v.cols);
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < v.rows; s++) {
      const weight = weights[t * v.rows + s]!;
      if (!weight) continue;
      for (let c = 0; c < v.cols; c++) {
        out[t * v.cols + c]! += weight * v.data[s * v.cols + c]!;
      }
    }
  }
  return out;
}

/** Attention from its scores QKᵀ on: divided, biased, masked, put through the softmax, and applied to the values. */
export function attention(
  raw: Float64Array,
  v: Matrix,
  mayAttend: Uint8Array,
  divisor: number,
  bias?: Float64Array,
): Attention {
  const T = raw.length / v.rows;
  const scaled = raw.map((score, i) => score / divisor + (bias?.[i] ?? 0));
  const weights = softmax(scaled, mayAttend, T, v.rows);
  return { scores: raw, scaled, mayAttend, weights, outputs: outputs(weights, v, T) };
}
