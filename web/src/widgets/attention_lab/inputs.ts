// Queries, keys and values of the selected head: projected from words, or decoded from a model's own tensors.

import { decodeFloat16 } from "../../core/float16";
import { type Matrix, matmul } from "../../core/matrix";
import { embed, toWords } from "../../core/words";
import type { MatrixName, Source, State, TensorsSource, WordsSource } from "./state";

export interface Inputs {
  tokens: string[];
  keyTokens: string[];
  q: Matrix;
  k: Matrix;
  v: Matrix;
  /** The mask the tensors came with, (T, S). */
  sourceMask: number[][] | null;
}

/** Q, K and V of the selected head, with the reader's edits put in. */
export function inputs(source: Source, state: State): Inputs {
  const result = source.kind === "words" ? fromWords(source, state.text) : fromTensors(source, state.head);
  for (const [name, head, row, column, value] of state.edits) {
    const { rows, cols, data } = result[name];
    if (head === state.head && row < rows && column < cols) data[row * cols + column] = value;
  }
  return result;
}

function fromWords({ lexicon, w_q, w_k, w_v }: WordsSource, text: string): Inputs {
  const { words } = toWords(text);
  const x = words.map((word) => embed(word, lexicon));
  return {
    tokens: words,
    keyTokens: words,
    q: matmul(x, w_q),
    k: matmul(x, w_k),
    v: matmul(x, w_v),
    sourceMask: null,
  };
}

function fromTensors(source: TensorsSource, head: number): Inputs {
  const { q, k, v } = decode(source);
  const T = source.tokens.length;
  const S = source.key_tokens.length;
  return {
    tokens: source.tokens,
    keyTokens: source.key_tokens,
    q: headOf(q, head, T, source.width),
    k: headOf(k, head, S, source.width),
    v: headOf(v, head, S, source.value_width),
    sourceMask: source.may_attend,
  };
}

type Tensors = Record<MatrixName, Float64Array>;
const decoded = new WeakMap<TensorsSource, Tensors>();

/** The numbers of all heads, decoded once. */
function decode(source: TensorsSource): Tensors {
  let tensors = decoded.get(source);
  if (!tensors) {
    tensors = { q: decodeFloat16(source.q), k: decodeFloat16(source.k), v: decodeFloat16(source.v) };
    decoded.set(source, tensors);
  }
  return tensors;
}

/** One head's matrix, as a copy that edits may change. */
function headOf(tensor: Float64Array, head: number, rows: number, cols: number): Matrix {
  return { rows, cols, data: tensor.slice(head * rows * cols, (head + 1) * rows * cols) };
}
