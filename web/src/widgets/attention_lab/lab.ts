// What all sections of the laboratory see: its state, the attention computed from it, and who is told when they change.

import { type Attention, scores } from "../../core/attention";
import { rowOf } from "../../core/matrix";
import { writeTraits } from "../host";
import { attend } from "./attend";
import { type Inputs, inputs } from "./inputs";
import { type LabModel, type MatrixName, readState, type Source, type State } from "./state";

interface Snapshot {
  state: State;
  inputs: Inputs;
  attention: Attention;
}

interface Known {
  of: string;
  inputs: Inputs;
  scores: Float64Array;
}

export class Lab {
  readonly source: Source;
  readonly signal: AbortSignal;
  /** Whether a click on a cell masks it, rather than selecting it. */
  clickMasks = false;
  /** The queries whose weights have been told. */
  readonly seen = new Set<number>();

  readonly #model: LabModel;
  readonly #opening: State;
  #known: Known | undefined;
  #snapshot: Snapshot;
  #hiddenRow = -1;
  #rowWithoutKey = -1;
  #tokensShown = "";
  readonly #onTokens: (() => void)[] = [];
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: LabModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
    this.#opening = readState(model);
    this.#snapshot = this.#compute();
  }

  get state(): Readonly<State> {
    return this.#snapshot.state;
  }

  get inputs(): Inputs {
    return this.#snapshot.inputs;
  }

  get attention(): Attention {
    return this.#snapshot.attention;
  }

  /** The number of queries. */
  get T(): number {
    return this.inputs.tokens.length;
  }

  /** The number of keys. */
  get S(): number {
    return this.inputs.keyTokens.length;
  }

  /** The query whose weights wait to be predicted; -1 for none. */
  get hiddenRow(): number {
    return this.#hiddenRow;
  }

  /** Whether the selected query's weights wait to be predicted. */
  get isHidden(): boolean {
    return this.hiddenRow === this.state.row;
  }

  /** The selected key; -1 while a prediction waits and none has been chosen. */
  get key(): number {
    return this.state.row === this.#rowWithoutKey ? -1 : this.state.key;
  }

  /** The weights of one query, (S,). */
  weightsOf(row: number): Float64Array {
    return rowOf(this.attention.weights, this.S, row);
  }

  /** The row of a matrix that the selected cell stands for: the query's in Q, the key's in K and V. */
  rowIn(matrix: MatrixName): number {
    return matrix === "q" ? this.state.row : this.key;
  }

  /** Tell `action` first, whenever there are other tokens. */
  onTokens(action: () => void): void {
    this.#onTokens.push(action);
  }

  /** Tell `action` whenever anything has changed. */
  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** Select a cell, or a query alone. A prediction that waits is asked of that query, and begins with no key. */
  select(row: number, key = -1): void {
    const waits = this.hiddenRow >= 0;
    this.#rowWithoutKey = waits && (key < 0 || row !== this.hiddenRow) ? row : -1;
    if (waits) this.#hiddenRow = row;
    this.change(key < 0 ? { row } : { row, key });
    this.refresh();
  }

  /** Hide the weights of a query until they are predicted; of none below 0. */
  hide(row: number): void {
    this.#hiddenRow = row;
    this.#rowWithoutKey = row;
    if (row >= 0) this.change({ row });
    this.refresh();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.clickMasks = false;
    this.seen.clear();
    this.change(this.#opening);
    this.hide(-1);
  }

  /** Mask a cell by hand, or show it again. */
  toggleBlocked(row: number, key: number): void {
    const { blocked } = this.state;
    const others = blocked.filter(([t, s]) => t !== row || s !== key);
    const wasBlocked = others.length < blocked.length;
    this.change({ row, key, blocked: wasBlocked ? others : [...others, [row, key]] });
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    this.#snapshot = this.#compute();
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    const tokens = JSON.stringify([this.inputs.tokens, this.inputs.keyTokens]);
    if (tokens !== this.#tokensShown) {
      this.#tokensShown = tokens;
      this.#hiddenRow = -1;
      this.#rowWithoutKey = -1;
      this.seen.clear();
      for (const action of this.#onTokens) action();
    }
    if (!this.isHidden) this.seen.add(this.state.row);
    for (const action of this.#onUpdate) action();
  }

  #compute(): Snapshot {
    const state = readState(this.#model);
    const known = this.#know(state);
    state.row = Math.min(state.row, known.inputs.tokens.length - 1);
    state.key = Math.min(state.key, known.inputs.keyTokens.length - 1);
    return { state, inputs: known.inputs, attention: attend(known.inputs, state, known.scores) };
  }

  /** Q, K, V and QKᵀ, computed again only when they may have changed. */
  #know(state: State): Known {
    const of = `${state.text}|${state.head}|${JSON.stringify(state.edits)}`;
    if (this.#known?.of !== of) {
      const qkv = inputs(this.source, state);
      this.#known = { of, inputs: qkv, scores: scores(qkv.q, qkv.k) };
    }
    return this.#known;
  }
}
