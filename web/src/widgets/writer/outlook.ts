// What may come next after a text: the model's chances, those under the reader's settings, and what was drawn by them.

import { largestFirst, softmaxOf } from "../../core/models/likeliest";
import { distribution, draw } from "../../core/models/sampling";
import type { Reading } from "../../play/writing";
import { type State, samplingOf } from "./state";

/** A token that may come next: its chance by the model alone, its chance now, and how often it was drawn. */
export interface Candidate {
  id: number;
  piece: string;
  chance: number;
  now: number;
  drawn: number;
}

export class Outlook {
  readonly reading: Reading;
  /** Of each id, under the settings. */
  now: Float64Array = new Float64Array();
  draws: number;
  readonly #order: number[];
  readonly #alone: Float64Array;
  readonly #pieces: string[];
  #drawn = new Uint32Array();

  constructor(reading: Reading, pieces: string[], state: State) {
    this.reading = reading;
    this.#order = largestFirst(reading.logits);
    this.#alone = softmaxOf(reading.logits);
    this.#pieces = pieces;
    this.draws = 0;
    this.weigh(state);
  }

  /** The chances under these settings; what was drawn under others is forgotten. */
  weigh(state: State): void {
    const now = distribution(this.reading.logits, samplingOf(state), this.reading.ids);
    if (now.every((chance, id) => chance === this.now[id])) return;
    this.now = now;
    this.#drawn = new Uint32Array(now.length);
    this.draws = 0;
  }

  /** Draw so often, and put back each time. */
  draw(count: number, random: () => number): void {
    for (let i = 0; i < count; i++) {
      const id = draw(this.now, random);
      this.#drawn[id] = (this.#drawn[id] ?? 0) + 1;
    }
    this.draws += count;
  }

  /** The likeliest tokens, by the model alone. */
  candidates(count: number): Candidate[] {
    return this.#order.slice(0, count).map((id) => ({
      id,
      piece: this.#pieces[id] ?? "",
      chance: this.#alone[id] ?? 0,
      now: this.now[id] ?? 0,
      drawn: this.#drawn[id] ?? 0,
    }));
  }
}
