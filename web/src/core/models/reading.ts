// What a model lets be read of it while it computes, and what all of them check of their input.

import type { HeadWeights, Memory } from "./attention";

export type Ids = readonly number[];

/** What was read of some positions: the residual stream before the first layer and after each, and where heads look. */
export interface Reading {
  /** (T, D) each, layers + 1 of them. */
  hidden: Float64Array[];
  /** (H, T, S) each, one a layer. */
  attention: HeadWeights[];
}

/** Keys and values of each layer for the positions read so far. Reading on makes a new one; the old stays as it is. */
export interface Cache {
  length: number;
  layers: Memory[];
}

export const EMPTY: Cache = { length: 0, layers: [] };

/** Throws where there is nothing to read, an id is not in the vocabulary, or there are more than positions. */
export function checkIds(ids: Ids, vocabulary: number, most: number, start = 0): void {
  if (!ids.length) throw new Error("there is nothing to read");
  const strange = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (strange !== undefined) throw new Error(`the id ${strange} is outside the vocabulary of ${vocabulary}`);
  const end = start + ids.length;
  if (end > most) throw new Error(`that makes ${end} positions, but the model reads only ${most}`);
}

/** The last of the states. */
export const lastOf = (hidden: Float64Array[]): Float64Array => hidden[hidden.length - 1]!;

/** Row t of states that are so wide. */
export const stateOf = (states: Float64Array, width: number, t: number): Float64Array =>
  states.subarray(t * width, (t + 1) * width);

/** The number, or the word, that a card must hold under this name. */
export function numberOf(card: Record<string, unknown>, name: string): number {
  const value = card[name];
  if (typeof value !== "number") throw new Error(`the model's card does not say ${name}`);
  return value;
}
