// The layers between attentions. Weights are float32, as they are stored; what is computed is float64, in which
// JavaScript computes anyway, so that only PyTorch's own rounding lies between its numbers and these.

import type { Linear, Norm, Weight } from "./weights";

export type Activation = (x: number) => number;

export interface FeedForward {
  w1: Linear;
  w2: Linear;
  activation: Activation;
}

/** x Wᵀ + b for each row of x: (T, inputs) to (T, outputs). */
export function linear(x: Float64Array, { weight, bias }: Linear): Float64Array {
  const T = x.length / weight.cols;
  const out = new Float64Array(T * weight.rows);
  for (let t = 0; bias && t < T; t++) out.set(bias, t * weight.rows);
  let t = 0;
  for (; t + 4 <= T; t += 4) addFourRows(x, weight, out, t);
  for (; t < T; t++) addOneRow(x, weight, out, t);
  return out;
}

/** Four rows of x at once: each weight is read once for all of them. */
function addFourRows(x: Float64Array, { rows, cols, data }: Weight, out: Float64Array, t: number): void {
  const [x0, x1, x2, x3] = [t, t + 1, t + 2, t + 3].map((row) => x.subarray(row * cols, (row + 1) * cols));
  for (let o = 0; o < rows; o++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    const start = o * cols;
    for (let i = 0; i < cols; i++) {
      const w = data[start + i]!;
      a += w * x0![i]!;
      b += w * x1![i]!;
      c += w * x2![i]!;
      d += w * x3![i]!;
    }
    out[t * rows + o]! += a;
    out[(t + 1) * rows + o]! += b;
    out[(t + 2) * rows + o]! += c;
    out[(t + 3) * rows + o]! += d;
  }
}

/** One row of x, four outputs at once; each sum runs in the same order as above, so that both give the same bits. */
function addOneRow(x: Float64Array, { rows, cols, data }: Weight, out: Float64Array, t: number): void {
  const row = x.subarray(t * cols, (t + 1) * cols);
  let o = 0;
  for (; o + 4 <= rows; o += 4) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    const start = o * cols;
    for (let i = 0; i < cols; i++) {
      const value = row[i]!;
      a += value * data[start + i]!;
      b += value * data[start + cols + i]!;
      c += value * data[start + 2 * cols + i]!;
      d += value * data[start + 3 * cols + i]!;
    }
    const at = t * rows + o;
    out[at]! += a;
    out[at + 1]! += b;
    out[at + 2]! += c;
    out[at + 3]! += d;
  }
  for (; o < rows; o++) {
    let sum = 0;
    for (let i = 0; i < cols; i++) sum += row[i]! * data[o * cols + i]!;
    out[t * rows + o]! += sum;
  }
}

/** The rows of a table at these places, each times a number. */
export function embed({ cols, data }: Weight, places: readonly number[], scale = 1): Float64Array {
  const out = new Float64Array(places.length * cols);
  for (const [t, place] of places.entries()) {
    for (let i = 0; i < cols; i++) out[t * cols + i] = scale * data[place * cols + i]!;
  }
  return out;
}

export const add = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, i) => value + y[i]!);

/** LayerNorm of each row, or RMS norm where there is no shift. */
export function normalise(x: Float64Array, { gain, shift, eps }: Norm): Float64Array {
  const n = gain.length;
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += n) {
    const row = x.subarray(start, start + n);
    const mean = shift ? meanOf(row, (value) => value) : 0;
    const factor = 1 / Math.sqrt(meanOf(row, (value) => (value - mean) ** 2) + eps);
    for (let i = 0; i < n; i++) out[start + i] = (row[i]! - mean) * factor * gain[i]! + (shift ? shift[i]! : 0);
  }
  return out;
}

function meanOf(row: Float64Array, of: (value: number) => number): number {
  let sum = 0;
  for (const value of row) sum += of(value);
  return sum / row.length;
}

/** Around a sub-layer: its input added to its output, normalised before or after. */
export function addAndNorm(
  x: Float64Array,
  norm: Norm,
  normFirst: boolean,
  sublayer: (x: Float64Array) => Float64Array,
): Float64Array {
  return normFirst ? add(x, sublayer(normalise(x, norm))) : normalise(add(x, sublayer(x)), norm);
}

/** W₂ activation(W₁ x), or where W₁ has twice as many rows, SwiGLU: W₂ (activation(W_g x) · W₁ x), W_g above W₁. */
export function feedForward(x: Float64Array, { w1, w2, activation }: FeedForward): Float64Array {
  const wide = linear(x, w1);
  const F = w2.weight.cols;
  if (w1.weight.rows === F) return linear(wide.map(activation), w2);
  const gated = new Float64Array(wide.length / 2);
  for (let i = 0; i < gated.length; i++) {
    const at = i + Math.floor(i / F) * F;
    gated[i] = activation(wide[at]!) * wide[at + F]!;
  }
  return linear(gated, w2);
}

/** erf(x) = 2/√π e^(-x²) Σ_n 2ⁿ x^(2n+1) / (1 · 3 · … · (2n+1)), all of whose terms have one sign. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const ACTIVATIONS = {
  relu: (x: number) => Math.max(0, x),
  gelu: (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x: number) => x / (1 + Math.exp(-x)),
};
