// The two sums of which all matrix products here are made, four terms at a time: that is what makes them quick.

/** Rows of a matrix, or its columns: number k begins at `at + k · step`. */
export interface Rows {
  data: Float64Array;
  at: number;
  step: number;
}

export const rowsOf = (data: Float64Array, step: number, at = 0): Rows => ({ data, at, step });

/** out_k = Σ_i x_i y_ki, for i below n and k below count. */
export function dots(n: number, count: number, x: Rows, y: Rows, out: Rows): void {
  let k = 0;
  for (; k + 4 <= count; k += 4) fourDots(n, k, x, y, out);
  for (; k < count; k++) {
    const start = y.at + k * y.step;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x.data[x.at + i]! * y.data[start + i]!;
    out.data[out.at + k * out.step] = sum;
  }
}

function fourDots(n: number, k: number, { data: x, at }: Rows, { data: y, at: first, step }: Rows, out: Rows): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const start = first + k * step;
  for (let i = 0; i < n; i++) {
    const value = x[at + i]!;
    a += value * y[start + i]!;
    b += value * y[start + step + i]!;
    c += value * y[start + 2 * step + i]!;
    d += value * y[start + 3 * step + i]!;
  }
  const to = out.at + k * out.step;
  out.data[to] = a;
  out.data[to + out.step] = b;
  out.data[to + 2 * out.step] = c;
  out.data[to + 3 * out.step] = d;
}

/** out_i += Σ_k x_k y_ki, for i below n and k below count. */
export function addSum(n: number, count: number, x: Rows, y: Rows, out: Rows): void {
  let k = 0;
  for (; k + 4 <= count; k += 4) addFour(n, k, x, y, out);
  for (; k < count; k++) {
    const factor = x.data[x.at + k * x.step]!;
    const start = y.at + k * y.step;
    for (let i = 0; i < n; i++) out.data[out.at + i]! += factor * y.data[start + i]!;
  }
}

function addFour(n: number, k: number, x: Rows, { data: y, at, step }: Rows, { data: out, at: to }: Rows): void {
  const from = x.at + k * x.step;
  const a = x.data[from]!;
  const b = x.data[from + x.step]!;
  const c = x.data[from + 2 * x.step]!;
  const d = x.data[from + 3 * x.step]!;
  const start = at + k * step;
  for (let i = 0; i < n; i++) {
    const sum = a * y[start + i]! + b * y[start + step + i]! + c * y[start + 2 * step + i]!;
    out[to + i]! += sum + d * y[start + 3 * step + i]!;
  }
}
