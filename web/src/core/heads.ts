// All heads of some layers at one sentence, from their queries and keys on. The twin in Python is
// llmbook.pages.widgets.head_set.

import { type Pronoun, type Templates, templates } from "./head_scores";
import { causalMask, noMask, toArray } from "./mask";
import { softmax } from "./softmax";

/** What is known of a sentence's heads beside their queries and keys. */
export interface About {
  words: string[];
  layers: number[];
  n_heads: number;
  n_kv_heads: number;
  d_k: number;
  /** Whether the model itself hides what is ahead. */
  causal: boolean;
  rest: number[];
  pronouns: Pronoun[];
  names: Record<string, string>;
}

export interface HeadSet extends About {
  T: number;
  /** L0H0, L0H1, … */
  labels: string[];
  /** QKᵀ of all heads, (heads, T, T). */
  raw: Float64Array;
  templates: Templates;
  /** The weights as the model has them, (heads, T, T). */
  own: Float64Array;
}

export interface HeadSettings {
  temperature: number;
  scaled: boolean;
  mask: "own" | "none" | "causal";
}

/** How far apart two numbers of one matrix are: two words' of a coordinate, and a word's of two coordinates. */
export interface Strides {
  word: number;
  coordinate: number;
}

const OWN: HeadSettings = { temperature: 1, scaled: true, mask: "own" };

/** From queries (L, H, T, d_k) and keys (L, H_kv, T, d_k). */
export function headSet(about: About, q: Float64Array, k: Float64Array, strides: Strides): HeadSet {
  const { words, layers, n_heads } = about;
  const labels = layers.flatMap((layer) => Array.from({ length: n_heads }, (_, head) => `L${layer}H${head}`));
  const raw = allScores(about, q, k, strides);
  const set = { ...about, T: words.length, labels, raw, templates: templates(words, about.rest, about.pronouns) };
  return { ...set, own: weightsOf(set, OWN) };
}

function allScores(about: About, q: Float64Array, k: Float64Array, { word, coordinate }: Strides): Float64Array {
  const T = about.words.length;
  const { layers, n_heads, n_kv_heads, d_k } = about;
  const out = new Float64Array(layers.length * n_heads * T * T);
  const group = n_heads / n_kv_heads;
  for (let head = 0; head < layers.length * n_heads; head++) {
    const ofQ = head * T * d_k;
    const ofK = Math.floor(head / group) * T * d_k;
    for (let t = 0; t < T; t++) {
      for (let s = 0; s < T; s++) {
        let sum = 0;
        for (let i = 0; i < d_k; i++) {
          sum += q[ofQ + t * word + i * coordinate]! * k[ofK + s * word + i * coordinate]!;
        }
        out[(head * T + t) * T + s] = sum;
      }
    }
  }
  return out;
}

/** 1 where a query may attend to a key, (T, T). */
export function mayAttendOf({ causal, T }: Pick<HeadSet, "causal" | "T">, mask: HeadSettings["mask"]): Uint8Array {
  const hides = mask === "own" ? causal : mask === "causal";
  return toArray(hides ? causalMask(T, T) : noMask, T, T);
}

/** The weights of all heads, (heads, T, T). */
export function weightsOf(set: Omit<HeadSet, "own">, settings: HeadSettings): Float64Array {
  const { raw, T, d_k, labels } = set;
  const divisor = (settings.scaled ? Math.sqrt(d_k) : 1) * settings.temperature;
  const scaled = raw.map((score) => score / divisor);
  const allowed = mayAttendOf(set, settings.mask);
  const out = new Float64Array(raw.length);
  for (const head of labels.keys()) {
    const start = head * T * T;
    out.set(softmax(scaled.subarray(start, start + T * T), allowed, T, T), start);
  }
  return out;
}

/** The mean of some heads' weights, (T, T). */
export function meanOf(all: Float64Array, heads: number[], T: number): Float64Array {
  const out = new Float64Array(T * T);
  for (const head of heads) {
    for (let i = 0; i < T * T; i++) {
      out[i] = out[i]! + all[head * T * T + i]! / heads.length;
    }
  }
  return out;
}

/** The first less the second, if there is one. */
export function difference(weights: Float64Array, less?: Float64Array): Float64Array {
  return less ? weights.map((weight, i) => weight - less[i]!) : weights;
}

/** The places of the largest score first; of equal ones the first first. */
export function ranked(scores: Float64Array): number[] {
  return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
}
