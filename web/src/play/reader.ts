// Reads ids with a model of limited sight, and keeps what it read: of ids that begin alike only the rest is read anew.

import type { GptModel } from "../core/models/gpt";
import { logSoftmax } from "../core/models/likeliest";
import { type Cache, EMPTY, lastOf, stateOf } from "../core/models/reading";

const AT_ONCE = 4; // ids in one step: a few milliseconds

/** Where the model begins to read n ids, of which it can read `most`: the window moves by half its width at a time. */
export function windowStart(n: number, most: number): number {
  const half = Math.floor(most / 2);
  return n <= most ? 0 : Math.ceil((n - most) / half) * half;
}

export class Reader {
  readonly model: GptModel;
  readonly #ids: number[] = [];
  #cache: Cache = EMPTY;
  readonly #logits: Float64Array[] = []; // after each of the ids
  readonly #states: Float64Array[][] = []; // at each of the ids, before the first layer and after each

  constructor(model: GptModel) {
    this.model = model;
  }

  /** What is in sight of these ids. */
  windowOf(ids: readonly number[]): number[] {
    return ids.slice(windowStart(ids.length, this.model.positions));
  }

  /** Read these ids, which must be in sight, a few in each step; the logits after each of them. */
  *read(ids: readonly number[]): Generator<undefined, Float64Array[]> {
    let same = 0;
    while (same < ids.length && ids[same] === this.#ids[same]) same++;
    this.#keep(Math.min(same, ids.length));
    while (this.#ids.length < ids.length) {
      this.#readOn(ids.slice(this.#ids.length, this.#ids.length + AT_ONCE));
      yield;
    }
    return [...this.#logits];
  }

  /** How surprising each of the ids was, in nats; of the first nothing can be said. */
  surprises(ids: readonly number[]): number[] {
    return ids.slice(1).map((id, t) => -(logSoftmax(this.#logits[t] ?? new Float64Array())[id] ?? 0));
  }

  /** The last id's state before the first layer, and after each. */
  get lastStates(): Float64Array[] {
    return this.#states[this.#states.length - 1] ?? [];
  }

  #keep(length: number): void {
    this.#ids.length = length;
    this.#logits.length = length;
    this.#states.length = length;
    const share = length / (this.#cache.length || 1);
    const kept = (x: Float64Array): Float64Array => x.subarray(0, x.length * share);
    const layers = this.#cache.layers.map(({ keys, values }) => ({ keys: kept(keys), values: kept(values) }));
    this.#cache = length ? { length, layers } : EMPTY;
  }

  #readOn(ids: number[]): void {
    const { hidden, cache } = this.model.read(ids, this.#cache);
    const logits = this.model.unembed(lastOf(hidden));
    const { vocabulary, width } = this.model;
    for (const t of ids.keys()) {
      this.#logits.push(stateOf(logits, vocabulary, t));
      this.#states.push(hidden.map((states) => stateOf(states, width, t)));
    }
    this.#cache = cache;
    this.#ids.push(...ids);
  }
}
