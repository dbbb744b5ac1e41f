// A task of a model that continues a text: how surprising each token of all of the text is, to it and to counted n-grams.

import { type NGrams, openNGrams } from "../core/models/ngrams";
import type { Ids } from "../core/models/reading";
import type { Reader } from "./reader";

export interface SurprisesRequest {
  text: string;
  /** The counts of n-grams, packed, once for all: who computes keeps them. */
  counts?: Uint8Array;
}

/** In nats, of each token of the text; null of the first, and of the first two for trigrams. */
export interface Surprises {
  text: string;
  ids: number[];
  model: Nats[];
  /** Of bigrams and of trigrams, once their counts are there. */
  counted: Nats[][];
  /** How many characters the tokens have of which all of these say something, and how many these are. */
  characters: number;
  compared: number;
}

export type Nats = number | null;

/** What each token costs a model, read as the writer reads: of a text that begins like the last only the rest anew. */
export class Measure {
  readonly #reader: Reader;
  #ids: Ids = [];
  #nats: Nats[] = [];
  #nGrams: NGrams[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Yields the share that is done. */
  *surprises({ text, counts }: SurprisesRequest): Generator<number | undefined, Surprises> {
    if (counts) this.#nGrams = openNGrams(counts);
    const { encode, decode } = this.#reader.model.tokenizer;
    const ids = encode(text);
    const other = ids.findIndex((id, t) => id !== this.#ids[t]);
    this.#ids = other < 0 ? ids : ids.slice(0, other);
    this.#nats = other === 0 ? [null] : this.#nats.slice(0, this.#ids.length);
    for (const piece of this.#reader.surprises(ids, this.#nats.length)) {
      if (piece) this.#nats.push(...piece);
      this.#ids = ids.slice(0, this.#nats.length);
      yield piece && this.#nats.length / ids.length;
    }
    const counted = this.#nGrams.map(({ order, probabilities }) => {
      return [...ids.slice(0, order - 1).map(() => null), ...probabilities(ids).map((p) => -Math.log(p))];
    });
    const first = Math.max(1, ...this.#nGrams.map(({ order }) => order - 1)); // of those before somebody says nothing
    const characters = [...decode(ids.slice(first))].length;
    return { text, ids, model: [...this.#nats], counted, characters, compared: Math.max(0, ids.length - first) };
  }
}
