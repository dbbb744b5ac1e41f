// What all sections see: the state, the numbers on their grid, the ranking, and who is told when they change.

import {
  errorHistogram,
  type Histogram,
  histogram,
  numberAt,
  type OneNumber,
  type OnGrid,
  type Shares,
  usesOf,
} from "../../core/grids";
import { writeTraits } from "../host";
import { fitting, type Ranked, Rounding } from "./rounding";
import { type QuantModel, readState, type Setting, type Slice, type Source, type State } from "./state";

/** All that the state makes of the numbers. */
export interface Reading {
  state: State;
  slice: Slice;
  /** Row after row. */
  numbers: Float64Array;
  rounded: OnGrid;
  bits: number;
  errors: Shares;
  ranked: Ranked[];
  histogram: Histogram;
  errorHistogram: Histogram;
  /** How many levels are used, and which share of the numbers becomes nought. */
  used: number;
  noughts: number;
}

export class QuantLab {
  readonly signal: AbortSignal;
  readonly source: Source;
  readonly rounding: Rounding;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  /** The two settings that the reader is asked about; while they are, no error is shown. */
  asked: [Setting, Setting] | null = null;
  /** The column that is pointed at in passing; below 0 none. */
  looked = -1;

  readonly #model: QuantModel;
  readonly #opening: State;
  #reading: Reading;
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: QuantModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
    this.rounding = new Rounding(this.source);
    this.inNotebook = "send" in model;
    this.#opening = readState(model);
    this.#reading = read(this.rounding, this.source, this.#opening);
  }

  get reading(): Reading {
    return this.#reading;
  }

  get state(): Readonly<State> {
    return this.#reading.state;
  }

  /** The number that is told of: the one pointed at, or the chosen one. */
  get place(): [row: number, column: number] {
    const { row, column } = this.state;
    return [row, this.looked >= 0 ? this.looked : column];
  }

  /** A number of the row that is told of. */
  numberAt(column: number): OneNumber {
    const { numbers, rounded, slice } = this.#reading;
    return numberAt(numbers, rounded, this.state.row * slice.columns + column);
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** Point at a column in passing, or at none. */
  look(column: number): void {
    if (this.looked === column) return;
    this.looked = column;
    this.draw();
  }

  ask(pair: [Setting, Setting] | null): void {
    this.asked = pair;
    this.draw();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.asked = null;
    this.looked = -1;
    this.change(this.#opening);
    this.draw();
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    this.looked = -1;
    this.#reading = read(this.rounding, this.source, readState(this.#model), this.#reading);
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    for (const action of this.#onUpdate) action();
  }
}

/** What only the chosen number or the norm changes is not rounded again. */
export function read(rounding: Rounding, source: Source, wanted: State, before?: Reading): Reading {
  const slice = sliceOf(source, wanted.slice);
  const state = withinReach(wanted, slice);
  const numbers = rounding.numbersOf(slice);
  const ranked = rounding.ranked(slice, state, state.norm);
  if (before && before.slice === slice && areAlike(before.state, state)) return { ...before, state, ranked };
  const rounded = rounding.onGrid(slice, state);
  return {
    state,
    slice,
    numbers,
    rounded,
    bits: rounding.bitsOf(slice, state),
    errors: rounding.errorsOf(slice, state),
    ranked,
    histogram: histogram(numbers, rounded),
    errorHistogram: errorHistogram(numbers, rounded),
    ...usesOf(rounded),
  };
}

/** The slice of this name; the first where there is none. */
function sliceOf({ slices }: Source, wanted: string): Slice {
  const slice = slices.find(({ name }) => name === wanted) ?? slices[0];
  if (!slice) throw new Error("there are no numbers to round");
  return slice;
}

function areAlike(a: Setting, b: Setting): boolean {
  return a.grid === b.grid && a.bits === b.bits && a.group === b.group;
}

/** A number that the slice has not is its last one; a group that its rows cannot be cut into is a row. */
function withinReach(state: State, slice: Slice): State {
  const { row, column, group } = state;
  return {
    ...state,
    slice: slice.name,
    row: Math.min(row, slice.rows - 1),
    column: Math.min(column, slice.columns - 1),
    group: fitting(slice).includes(group) ? group : "row",
  };
}
