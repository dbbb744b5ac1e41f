// One head that reads words at their places. The twin in Python is llmbook.pages.widgets.placed; the tests compare them.

import { type Attention, attention, scores } from "../../core/attention";
import { drawn } from "../../core/drawn";
import { decodeFloat16 } from "../../core/float16";
import { causalMask, noMask, toArray } from "../../core/mask";
import { type Matrix, times, zeros } from "../../core/matrix";
import { alibiBias, alibiSlope, type Pairing, rotate, sinusoids } from "../../core/positions";
import { lowered } from "../../core/words";
import { HEADS, type Source, type State, WIDEST } from "./state";

/** All of the state that the head depends on. */
export type Settings = Pick<State, "kind" | "base" | "pairing" | "head" | "d" | "seed" | "causal">;

/** The vector of a word, drawn: equal words have equal ones. */
export function wordVector(word: string, { seed, d }: Settings): Float64Array {
  return drawn(`${seed} word ${lowered(word)}`, d);
}

const divided = new WeakMap<Float64Array, Float64Array>();

/** W_Q, W_K or W_V, which leaves numbers about as large as they are. */
export function projection(name: "q" | "k" | "v", { seed, d }: Settings): Matrix {
  const numbers = drawn(`${seed} matrix ${name}`, d * d);
  const data = divided.get(numbers) ?? numbers.map((x) => x / Math.sqrt(d));
  divided.set(numbers, data);
  return { rows: d, cols: d, data };
}

const decoded = new WeakMap<Source, Float64Array>();

/** What is added to the words at the first T places: zeros where positions enter later, or never. */
export function addedTable(source: Source, { kind, d, base }: Settings, T: number): Matrix {
  if (kind === "sinusoidal") return sinusoids(T, d, base);
  const out = zeros(T, d);
  if (kind !== "learned") return out;
  const table = decoded.get(source) ?? decodeFloat16(source.learned);
  decoded.set(source, table);
  for (let t = 0; t < T; t++) out.data.set(table.subarray(t * WIDEST, t * WIDEST + d), t * d);
  return out;
}

/** Queries or keys at the places from `start` on, turned if positions are rotary. */
export function turned(x: Matrix, of: "q" | "k", { kind, base, pairing }: Settings, start = 0): Matrix {
  if (kind !== "rotary") return x;
  const mixed: Pairing = of === "q" ? "interleaved" : "half";
  return rotate(x, base, pairing === "mixed" ? mixed : pairing, start);
}

/** The weights and outputs of a sentence. */
export function attend(source: Source, settings: Settings, words: string[]): Attention {
  const T = words.length;
  const x = addedTable(source, settings, T);
  for (const [t, word] of words.entries()) {
    const row = x.data.subarray(t * x.cols, (t + 1) * x.cols);
    for (const [i, value] of wordVector(word, settings).entries()) row[i] = (row[i] ?? 0) + value;
  }
  const [q, k] = (["q", "k"] as const).map((name) => turned(times(x, projection(name, settings)), name, settings));
  const { kind, head, d, causal } = settings;
  const mayAttend = toArray(causal ? causalMask(T, T) : noMask, T, T);
  const bias = kind === "alibi" ? alibiBias(alibiSlope(head, HEADS), T) : undefined;
  return attention(scores(q ?? x, k ?? x), times(x, projection("v", settings)), mayAttend, Math.sqrt(d), bias);
}
