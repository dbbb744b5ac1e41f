// How a gradient moves the weights: AdamW behind a clipped gradient, with a rate that warms up and falls, as
// llmbook.training.fit has them (Loshchilov and Hutter 2019, algorithm 2).

import type { Parameter } from "./parameters";

/** llmbook.training.TrainConfig, its names and what it has unless told. */
export interface TrainConfig {
  steps: number; // n
  batch: number;
  lr: number; // η
  seed: number;
}

const WARMUP = 100; // w
const FINAL = 0.1; // f
const DECAY = 0.01; // λ
const CLIP = 1; // c
const BETA_1 = 0.9;
const BETA_2 = 0.98;
const EPS = 1e-8;

/** η_t = η t / w for t < w, then η (f + (1 − f) (1 + cos(π (t − w) / (n − w))) / 2); t = 1 … n. */
export function learningRate(t: number, { lr, steps }: TrainConfig): number {
  if (t < WARMUP) return (lr * t) / WARMUP;
  const progress = Math.min(1, (t - WARMUP) / Math.max(1, steps - WARMUP));
  return lr * (FINAL + ((1 - FINAL) * (1 + Math.cos(Math.PI * progress))) / 2);
}

/** g ← g min(1, c / (|g| + 10⁻⁶)), over all parameters together; the norm |g| that there was. */
export function clipGradients(parameters: readonly Parameter[]): number {
  let squares = 0;
  for (const { gradient } of parameters) for (const g of gradient) squares += g * g;
  const norm = Math.sqrt(squares);
  const factor = Math.min(1, CLIP / (norm + 1e-6));
  for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) gradient[i]! *= factor;
  return norm;
}

export class AdamW {
  readonly #parameters: readonly Parameter[];
  readonly #m: Float64Array[];
  readonly #v: Float64Array[];

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters;
    this.#m = parameters.map(({ value }) => new Float64Array(value.length));
    this.#v = parameters.map(({ value }) => new Float64Array(value.length));
  }

  /**
   * w ← w − η λ w,  m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − η m̂ / (√v̂ + ε)
   * with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
   */
  step(t: number, rate: number): void {
    const [unbias1, unbias2] = [1 - BETA_1 ** t, 1 - BETA_2 ** t];
    for (const [k, { value: w, gradient, decays }] of this.#parameters.entries()) {
      const [m, v] = [this.#m[k]!, this.#v[k]!];
      const keep = decays ? 1 - rate * DECAY : 1;
      for (let i = 0; i < w.length; i++) {
        const g = gradient[i]!;
        m[i] = BETA_1 * m[i]! + (1 - BETA_1) * g;
        v[i] = BETA_2 * v[i]! + (1 - BETA_2) * g * g;
        w[i] = w[i]! * keep - (rate * (m[i]! / unbias1)) / (Math.sqrt(v[i]! / unbias2) + EPS);
      }
    }
  }
}
