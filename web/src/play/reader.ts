// Reads ids with a model of limited sight, and keeps what it read: of ids that begin alike only the rest is read anew.

import type { HeadWeights } from "../core/models/attention";
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
  readonly #looks: Float64Array[][] = []; // of each of the ids, one a layer: (H, S), a row for each head

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

  /** How surprising each of all ids from number `from` on is, in nats, some at a time: read as a text that ends before it. */
  *surprises(ids: readonly number[], from: number): Generator<number[] | undefined> {
    const most = this.model.positions;
    for (let end = Math.max(1, from); end < ids.length; ) {
      const start = windowStart(end, most);
      const until = Math.min(ids.length, start + most + 1); // these are read in the same window
      const logits = yield* this.read(ids.slice(start, until - 1));
      const logP = logits.slice(end - start - 1).map(logSoftmax);
      yield ids.slice(end, until).map((id, t) => -(logP[t]?.[id] ?? 0));
      end = until;
    }
  }

  /** The last id's state before the first layer, and after each. */
  get lastStates(): Float64Array[] {
    return this.#states[this.#states.length - 1] ?? [];
  }

  /** Where each layer's heads look while the last id is read: (H, S) each, a row for each head. */
  get lastLooks(): Float64Array[] {
    return this.#looks[this.#looks.length - 1] ?? [];
  }

  #keep(length: number): void {
    this.#ids.length = length;
    this.#logits.length = length;
    this.#states.length = length;
    this.#looks.length = length;
    const share = length / (this.#cache.length || 1);
    const kept = (x: Float64Array): Float64Array => x.subarray(0, x.length * share);
    const layers = this.#cache.layers.map(({ keys, values }) => ({ keys: kept(keys), values: kept(values) }));
    this.#cache = length ? { length, layers } : EMPTY;
  }

  #readOn(ids: number[]): void {
    const { hidden, attention, cache } = this.model.read(ids, this.#cache);
    const logits = this.model.unembed(lastOf(hidden));
    const { vocabulary, width } = this.model;
    for (const t of ids.keys()) {
      this.#logits.push(stateOf(logits, vocabulary, t));
      this.#states.push(hidden.map((states) => stateOf(states, width, t)));
      this.#looks.push(attention.map((weights) => rowsOf(weights, t, cache.length - ids.length + t + 1)));
    }
    this.#cache = cache;
    this.#ids.push(...ids);
  }
}

/** What each head gives query t, over the keys it sees: (H, S). */
function rowsOf({ heads, T, S, data }: HeadWeights, t: number, seen: number): Float64Array {
  const rows = new Float64Array(heads * seen);
  for (let h = 0; h < heads; h++) {
    const start = (h * T + t) * S;
    rows.set(data.subarray(start, start + seen), h * seen);
  }
  return rows;
}
