// Causal attention of many heads, and its way back.

import type { Passed } from "./layers";
import { addSum, dots, rowsOf } from "./products";

export interface Attended extends Passed {
  /** What each head looks at: (H, T, T), zero where it may not. */
  weights: Float64Array;
}

/** Z = A V,  A = softmax(S),  S = Q Kᵀ / √d  for each head; x is (T, 3D), the columns of Q before those of K and V. */
export function attention(x: Float64Array, D: number, heads: number): Attended {
  const T = x.length / (3 * D);
  const d = D / heads;
  const y = new Float64Array(T * D);
  const weights = new Float64Array(heads * T * T);
  for (let h = 0; h < heads; h++) {
    const [Q, K, V] = columnsOf(x, D, h * d);
    const Z = rowsOf(y, D, h * d);
    const A = rowsOf(weights, T, h * T * T);
    for (let t = 0; t < T; t++) {
      const seen = t + 1; // itself, and what came before
      const row = rowAt(A, t, 1);
      dots(d, seen, rowAt(Q, t), K, row);
      softmax(weights.subarray(row.at, row.at + seen), Math.sqrt(d));
      addSum(d, seen, row, V, rowAt(Z, t));
    }
  }
  return { y, weights, back: (dy) => attentionBack(x, weights, dy, D, heads) };
}

/** dV = Aᵀ dZ,  dA = dZ Vᵀ,  dS = A (dA − Σ_s A dA) / √d,  dQ = dS K,  dK = dSᵀ Q. */
function attentionBack(x: Float64Array, weights: Float64Array, dy: Float64Array, D: number, heads: number) {
  const T = x.length / (3 * D);
  const d = D / heads;
  const dx = new Float64Array(x.length);
  const dS = rowsOf(new Float64Array(T * T), T);
  for (let h = 0; h < heads; h++) {
    const [Q, K, V] = columnsOf(x, D, h * d);
    const [dQ, dK, dV] = columnsOf(dx, D, h * d);
    const dZ = rowsOf(dy, D, h * d);
    const A = rowsOf(weights, T, h * T * T);
    for (let t = 0; t < T; t++) {
      const row = rowAt(dS, t, 1);
      dots(d, t + 1, rowAt(dZ, t), V, row); // dA
      softmaxBack(row.data, row.at, weights, rowAt(A, t).at, t + 1, Math.sqrt(d));
      addSum(d, t + 1, row, K, rowAt(dQ, t));
    }
    for (let s = 0; s < T; s++) {
      const later = T - s; // who looks at s: itself, and what comes after
      addSum(d, later, rowsOf(dS.data, T, s * T + s), rowAt(Q, s), rowAt(dK, s));
      addSum(d, later, rowsOf(weights, T, A.at + s * T + s), rowAt(dZ, s), rowAt(dV, s));
    }
  }
  return dx;
}

type Rows = ReturnType<typeof rowsOf>;

/** One head's columns of Q, K and V. */
const columnsOf = (x: Float64Array, D: number, first: number): [Rows, Rows, Rows] => [
  rowsOf(x, 3 * D, first),
  rowsOf(x, 3 * D, first + D),
  rowsOf(x, 3 * D, first + 2 * D),
];

/** The rows from number t on; with another step, what stands in row t. */
const rowAt = (rows: Rows, t: number, step = rows.step): Rows => rowsOf(rows.data, step, rows.at + t * rows.step);

/** The softmax of scores divided by a root, in place; returns log Σ exp of them. */
export function softmax(row: Float64Array, root: number): number {
  let largest = -Infinity;
  for (const score of row) largest = Math.max(largest, score);
  let total = 0;
  for (let i = 0; i < row.length; i++) {
    row[i] = Math.exp((row[i]! - largest) / root);
    total += row[i]!;
  }
  for (let i = 0; i < row.length; i++) row[i]! /= total;
  return largest / root + Math.log(total);
}

function softmaxBack(d: Float64Array, at: number, A: Float64Array, from: number, count: number, root: number): void {
  let mean = 0;
  for (let s = 0; s < count; s++) mean += A[from + s]! * d[at + s]!;
  for (let s = 0; s < count; s++) d[at + s] = (A[from + s]! * (d[at + s]! - mean)) / root;
}
