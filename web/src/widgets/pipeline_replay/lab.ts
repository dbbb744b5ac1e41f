// What all sections see: the state, what it makes of the schedule, and who is told when it changes.

import { refusal, type Swap } from "../../core/pipelines";
import { writeTraits } from "../host";
import { type Reading, read, type Setting } from "./replaying";
import { MOST_SWAPS, type ReplayModel, readState, type Source, type State } from "./state";

/** What the reader is asked of two settings; while they are, nothing is shown. */
export interface Asked {
  measure: "bubble" | "held";
  pair: readonly [Setting, Setting];
}

export class PipelineReplay {
  readonly signal: AbortSignal;
  readonly source: Source;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  asked: Asked | null = null;
  /** Why the last move was refused; empty if it was not. */
  refused = "";

  readonly #model: ReplayModel;
  readonly #opening: State;
  #reading: Reading;
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: ReplayModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
    this.inNotebook = "send" in model;
    this.#opening = readState(model);
    this.#reading = read(this.source, this.#opening);
  }

  get reading(): Reading {
    return this.#reading;
  }

  get state(): Readonly<State> {
    return this.#reading.state;
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    this.refused = "";
    writeTraits(this.#model, changes);
  }

  /** Let the chosen action change places with its neighbour, before it (-1) or after it (1), or say why not. */
  move(by: -1 | 1): void {
    const { orders, state } = this.#reading;
    const { rank, place, swaps } = state;
    if (this.asked) return;
    const at = by < 0 ? place - 1 : place;
    const last = swaps.at(-1);
    const isBack = last !== undefined && last[0] === rank && last[1] === at;
    const told = at < 0 ? "It is the first already." : this.#atTheEnd(at) || refusal(orders, rank, at);
    const full = isBack || swaps.length < MOST_SWAPS ? "" : `No more than ${MOST_SWAPS} moves are kept.`;
    if (told || full) {
      this.refused = `Refused. ${told || full}`;
      this.draw();
      return;
    }
    const moved: readonly Swap[] = isBack ? swaps.slice(0, -1) : [...swaps, [rank, at]];
    this.change({ swaps: moved, place: place + by });
  }

  #atTheEnd(at: number): string {
    const { orders, state } = this.#reading;
    return at + 1 < (orders[state.rank]?.length ?? 0) ? "" : "It is the last already.";
  }

  /** Take the last move back; the action it moved is chosen. */
  undo(): void {
    const { swaps } = this.state;
    const last = swaps.at(-1);
    if (last) this.change({ swaps: swaps.slice(0, -1), rank: last[0], place: last[1] });
  }

  ask(asked: Asked | null): void {
    this.asked = asked;
    this.draw();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.asked = null;
    this.change(this.#opening);
    this.draw();
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    this.#reading = read(this.source, readState(this.#model));
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    for (const action of this.#onUpdate) action();
  }
}
