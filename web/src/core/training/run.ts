// A training run: step after step, each in slices, so that whoever computes can be interrupted. What an interrupted step
// has left is thrown away, and the step is done again: a run depends on its settings alone.

import { randomNumbers } from "../random";
import { AdamW, clipGradients, learningRate, type TrainConfig } from "./adamw";
import { learnWindow, lossOf, readWindow } from "./gpt";
import { listParameters, makeParts, type Parameter, type Parts, type Sizes } from "./parameters";
import { type Prepared, windowsOf } from "./text";
import { Generator as Random, wholeNumbers } from "./torch_random";

/** The numbers of the examples that make the batch of this step: llmbook.training.schedule.batch_indices. */
export function batchIndices(step: number, n: number, { batch, seed }: TrainConfig): number[] {
  return wholeNumbers(n, batch, new Random(seed * 1_000_003 + step));
}

/** Each slice is a few milliseconds. */
type Slices<Result> = Generator<undefined, Result>;

export class Run {
  readonly sizes: Sizes;
  readonly config: TrainConfig;
  readonly parameters: Parameter[];
  /** Steps that were done. */
  step = 0;
  readonly #text: Prepared;
  readonly #parts: Parts;
  readonly #optimizer: AdamW;

  constructor(text: Prepared, sizes: Sizes, config: TrainConfig) {
    this.sizes = sizes;
    this.config = config;
    this.#text = text;
    this.#parts = makeParts(sizes, config.seed);
    this.parameters = listParameters(this.#parts);
    this.#optimizer = new AdamW(this.parameters);
  }

  /** The mean loss of the next batch, before the step down. Throws where it is no number, before a weight changes. */
  *next(): Slices<number> {
    const { train } = this.#text;
    const { length } = this.sizes;
    const t = this.step + 1;
    for (const { gradient } of this.parameters) gradient.fill(0);

    let loss = 0;
    for (const start of batchIndices(t, train.length - length, this.config)) {
      const window = train.slice(start, start + length + 1);
      loss += learnWindow(window, 1 / this.config.batch, this.#parts, this.sizes) / this.config.batch;
      yield;
    }
    const norm = clipGradients(this.parameters);
    if (!(Number.isFinite(loss) && Number.isFinite(norm)))
      throw new Error(`step ${t}: the loss is ${loss}, the gradient ${norm}; a smaller learning rate may help`);
    this.#optimizer.step(t, learningRate(t, this.config));
    this.step = t;
    return loss;
  }

  /** The mean loss of the held-out text, cut into windows as long as the model reads. */
  *heldOut(): Slices<number> {
    const windows = windowsOf(this.#text.heldOut, this.sizes.length);
    let sum = 0;
    for (const window of windows) {
      sum += lossOf(readWindow(window.slice(0, -1), this.#parts, this.sizes), window.slice(1));
      yield;
    }
    return sum / windows.length;
  }

  /** What the model writes behind the first character of the text, drawn at temperature 1. */
  *write(count: number, seed: number): Slices<string> {
    const random = randomNumbers(seed);
    const ids = this.#text.train.slice(0, 1);
    while (ids.length <= count) {
      const { p } = readWindow(ids.slice(-this.sizes.length), this.#parts, this.sizes);
      ids.push(drawFrom(p.subarray(p.length - this.sizes.vocab), random()));
      yield;
    }
    return ids.map((id) => this.#text.letters[id]).join("");
  }

  /** What each head of each layer looks at while the model reads these ids: (H, T, T) a layer. */
  look(ids: readonly number[]): Float64Array[] {
    return readWindow(ids, this.#parts, this.sizes).weights;
  }
}

function drawFrom(p: Float64Array, lot: number): number {
  let rest = lot;
  for (let id = 0; id < p.length; id++) {
    rest -= p[id]!;
    if (rest < 0) return id;
  }
  return p.length - 1;
}
