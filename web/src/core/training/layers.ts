// The layers between attentions, each with its way back: from dL/dy to dL/dx, and on the way dL/dW of its own weights.
// Every x is (T, n), row-major; d before a name is the derivative of the loss by what has that name.

import type { Linear, Norm } from "./parameters";
import { addSum, dots, rowsOf } from "./products";

/** What a layer makes of its input, and the way back. */
export interface Passed {
  y: Float64Array;
  /** Adds up the gradients of the layer's parameters, and returns dL/dx. */
  back(dy: Float64Array): Float64Array;
}

const EPS = 1e-5;

export const plus = (a: Float64Array, b: Float64Array): Float64Array => {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i]! + b[i]!;
  return sum;
};

/** y = x Wᵀ + b. Back: dx = dy W,  dW = dyᵀ x,  db = Σ_t dy_t. */
export function linear(x: Float64Array, { weight, bias }: Linear): Passed {
  const { rows: m, cols: n, value: W, gradient: dW } = weight;
  const T = x.length / n;
  const y = new Float64Array(T * m);
  for (let t = 0; t < T; t++) {
    dots(n, m, rowsOf(x, n, t * n), rowsOf(W, n), rowsOf(y, 1, t * m));
    for (let o = 0; o < m; o++) y[t * m + o]! += bias.value[o]!;
  }

  const back = (dy: Float64Array): Float64Array => {
    const dx = new Float64Array(x.length);
    for (let t = 0; t < T; t++) {
      addSum(n, m, rowsOf(dy, 1, t * m), rowsOf(W, n), rowsOf(dx, n, t * n));
      for (let o = 0; o < m; o++) bias.gradient[o]! += dy[t * m + o]!;
    }
    for (let o = 0; o < m; o++) addSum(n, T, rowsOf(dy, m, o), rowsOf(x, n), rowsOf(dW, n, o * n));
    return dx;
  };
  return { y, back };
}

/** y = g x̂ + b,  x̂ = (x − μ) / σ. Back: dx = (dx̂ − mean(dx̂) − x̂ mean(dx̂ x̂)) / σ  with  dx̂ = g dy. */
export function layerNorm(x: Float64Array, { gain, shift }: Norm): Passed {
  const n = gain.cols;
  const [g, dg, b, db] = [gain.value, gain.gradient, shift.value, shift.gradient];
  const y = new Float64Array(x.length);
  const xHat = new Float64Array(x.length);
  const sigma = new Float64Array(x.length / n);
  for (let start = 0; start < x.length; start += n) {
    const mean = meanOf(n, (i) => x[start + i]!);
    const spread = Math.sqrt(meanOf(n, (i) => (x[start + i]! - mean) ** 2) + EPS);
    sigma[start / n] = spread;
    for (let i = 0; i < n; i++) {
      xHat[start + i] = (x[start + i]! - mean) / spread;
      y[start + i] = g[i]! * xHat[start + i]! + b[i]!;
    }
  }

  const back = (dy: Float64Array): Float64Array => {
    const dx = new Float64Array(x.length);
    for (let start = 0; start < x.length; start += n) {
      const mean = meanOf(n, (i) => g[i]! * dy[start + i]!);
      const along = meanOf(n, (i) => g[i]! * dy[start + i]! * xHat[start + i]!);
      for (let i = 0; i < n; i++) {
        const at = start + i;
        dx[at] = (g[i]! * dy[at]! - mean - xHat[at]! * along) / sigma[start / n]!;
        dg[i]! += dy[at]! * xHat[at]!;
        db[i]! += dy[at]!;
      }
    }
    return dx;
  };
  return { y, back };
}

function meanOf(n: number, of: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += of(i);
  return sum / n;
}

const SLOPE = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** y = x (1 + h) / 2,  h = tanh(√(2/π) (x + 0.044715 x³)). Back: dx = dy ((1 + h) / 2 + x (1 − h²) u' / 2). */
export function gelu(x: Float64Array): Passed {
  const h = new Float64Array(x.length);
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    h[i] = Math.tanh(SLOPE * (value + CUBE * value * value * value));
    y[i] = (value * (1 + h[i]!)) / 2;
  }

  const back = (dy: Float64Array): Float64Array => {
    const dx = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const slope = SLOPE * (1 + 3 * CUBE * x[i]! * x[i]!);
      dx[i] = (dy[i]! * (1 + h[i]! + x[i]! * (1 - h[i]! * h[i]!) * slope)) / 2;
    }
    return dx;
  };
  return { y, back };
}
