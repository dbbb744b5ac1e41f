// What all sections of the laboratory see: its state, the attention computed from it, and who is told when they change.

import { type Attention, scores } from "../../core/attention";
import { rowOf } from "../../core/matrix";
import { attend } from "./attend";
import { type Inputs, inputs } from "./inputs";
import { type LabModel, type MatrixName, readState, type Source, type State, writeState } from "./state";

interface Snapshot {
  state: State;
  inputs: Inputs;
  attention: Attention;
}

export class Lab {
  readonly source: Source;
  readonly signal: AbortSignal;
  /** The query whose weights wait to be predicted; -1 for none. */
  hiddenRow = -1;
  /** Whether a click on a cell masks it, rather than selecting it. */
  clickMasks = false;

  readonly #model: LabModel;
  #scores: { key: string; values: Float64Array } | undefined;
  #snapshot: Snapshot;
  #tokensShown = "";
  readonly #onTokens: (() => void)[] = [];
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: LabModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
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

  /** Whether the selected query's weights wait to be predicted. */
  get isHidden(): boolean {
    return this.hiddenRow === this.state.row;
  }

  /** The weights of one query, (S,). */
  weightsOf(row: number): Float64Array {
    return rowOf(this.attention.weights, this.S, row);
  }

  /** The row of a matrix that the selected cell stands for: the query's in Q, the key's in K and V. */
  rowIn(matrix: MatrixName): number {
    return matrix === "q" ? this.state.row : this.state.key;
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
    writeState(this.#model, changes);
  }

  /** Select a cell; a prediction that waits is asked of the selected query. */
  select(row: number, key: number): void {
    if (this.hiddenRow >= 0) this.hiddenRow = row;
    this.change({ row, key });
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
      for (const action of this.#onTokens) action();
    }
    for (const action of this.#onUpdate) action();
  }

  #compute(): Snapshot {
    const state = readState(this.#model);
    const qkv = inputs(this.source, state);
    state.row = Math.min(state.row, qkv.tokens.length - 1);
    state.key = Math.min(state.key, qkv.keyTokens.length - 1);
    return { state, inputs: qkv, attention: attend(qkv, state, this.#scoresOf(state, qkv)) };
  }

  /** QKᵀ, computed again only when Q or K may have changed. */
  #scoresOf({ text, head, edits }: State, { q, k }: Inputs): Float64Array {
    const key = `${text}|${head}|${JSON.stringify(edits)}`;
    if (this.#scores?.key !== key) this.#scores = { key, values: scores(q, k) };
    return this.#scores.values;
  }
}
