// What all sections see: the state, the sentence before and after the swap, and who is told when they change.

import type { Attention } from "../../core/attention";
import { rowOf } from "../../core/matrix";
import { toWords } from "../../core/words";
import { writeTraits } from "../host";
import { type Curve, curveOf } from "./curve";
import { attend } from "./head";
import { MOST_WORDS, type PositionModel, readState, type Source, type State, type View } from "./state";

export interface Reading {
  state: State;
  words: string[];
  /** Where each word stands after the swap; also which word stands at each place then. */
  places: number[];
  before: Attention;
  after: Attention;
  /** By how much the weight that one word gives to another changes, in the old order of the words. */
  change: Float64Array;
  /** How far the swap moves each word's output, as a share of its length. */
  moved: number[];
  curve: Curve;
}

export class PositionLab {
  readonly signal: AbortSignal;
  readonly source: Source;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  /** The first of two words to be swapped, while the second is awaited; -1 for none. */
  picked = -1;

  readonly #model: PositionModel;
  readonly #opening: State;
  #reading: Reading;
  #waits = false;
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: PositionModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
    this.inNotebook = "send" in model;
    this.#opening = readState(model);
    this.#reading = read(this.source, readState(model));
  }

  get reading(): Reading {
    return this.#reading;
  }

  get state(): Readonly<State> {
    return this.#reading.state;
  }

  get words(): string[] {
    return this.#reading.words;
  }

  /** The words in the order after the swap. */
  get swapped(): string[] {
    return this.#reading.places.map((place) => this.words[place] ?? "");
  }

  /** Whether what the swap does waits to be predicted. */
  get waits(): boolean {
    return this.#waits;
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** A word was pressed: it is the first of two, or the second, or no longer the first; a swap that was there ends. */
  press(place: number): void {
    const first = this.picked;
    this.picked = first < 0 ? place : -1;
    if (first >= 0 && first !== place) {
      const swap = [Math.min(first, place), Math.max(first, place)];
      this.change({ swap, row: first, show: this.waits ? "before" : "change" });
    } else if (this.state.swap.length > 0) this.change({ swap: [], show: "before" });
    this.draw();
  }

  /** Another view; to look at what the swap does is to give up a prediction that waits. */
  show(view: View): void {
    if (view !== "before") this.#waits = false;
    this.change({ show: view });
    this.draw();
  }

  /** Keep what the swap does from the reader, or show it. */
  hide(waits: boolean): void {
    this.#waits = waits;
    this.change({ show: waits ? "before" : "change" });
    this.draw();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.picked = -1;
    this.#waits = false;
    this.change(this.#opening);
    this.draw();
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    const { words } = this;
    this.#reading = read(this.source, readState(this.#model));
    if (words.join(" ") !== this.words.join(" ")) this.picked = -1;
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    for (const action of this.#onUpdate) action();
  }
}

/** All that the state makes of the words. */
export function read(source: Source, asked: State): Reading {
  const { words } = toWords(asked.text, MOST_WORDS);
  const state = withinReach(asked, words.length);
  const places = [...words.keys()];
  const [i, j] = state.swap;
  if (i !== undefined && j !== undefined) [places[i], places[j]] = [j, i];
  const swapped = places.map((place) => words[place] ?? "");
  const before = attend(source, state, words);
  const after = state.swap.length ? attend(source, state, swapped) : before;
  return {
    state,
    words,
    places,
    before,
    after,
    change: changeOf(before.weights, after.weights, places),
    moved: movedBy(before.outputs, after.outputs, places),
    curve: curveOf(source, state, words, state.row, state.key),
  };
}

/** A word or a swap that the sentence does not reach is the last word, and no swap. */
function withinReach(state: State, T: number): State {
  const { row, key, swap } = state;
  const last = T - 1;
  return { ...state, row: Math.min(row, last), key: Math.min(key, last), swap: swap.some((x) => x > last) ? [] : swap };
}

function changeOf(before: Float64Array, after: Float64Array, places: number[]): Float64Array {
  const T = places.length;
  return before.map((weight, i) => {
    const [t, s] = [places[Math.floor(i / T)] ?? 0, places[i % T] ?? 0];
    return (after[t * T + s] ?? 0) - weight;
  });
}

function movedBy(before: Float64Array, after: Float64Array, places: number[]): number[] {
  const d = before.length / places.length;
  return places.map((place, t) => {
    const [old, now] = [rowOf(before, d, t), rowOf(after, d, place)];
    return Math.hypot(...now.map((x, i) => x - (old[i] ?? 0))) / Math.hypot(...old);
  });
}
