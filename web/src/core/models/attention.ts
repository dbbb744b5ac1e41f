// Attention of many heads over keys and values that are kept, so that each position is computed once.

import { linear } from "./layers";
import { type Linear, linearOf, outputsOf, type Tensors } from "./weights";

export interface AttentionLayer {
  q: Linear;
  k: Linear;
  v: Linear;
  o: Linear;
  heads: number;
  /** The base of rotary positions; null where positions are told in another way. */
  rotary: number | null;
}

/** Keys and values (S, H_kv · d_k) of the positions read so far. */
export interface Memory {
  keys: Float64Array;
  values: Float64Array;
}

/** What each head looks at: (H, T, S). */
export interface HeadWeights {
  heads: number;
  T: number;
  S: number;
  data: Float64Array;
}

/** Queries, keys and values each have a matrix. */
export function attentionOf(
  tensors: Tensors,
  name: string,
  D: number,
  heads: number,
  rotary: number | null,
): AttentionLayer {
  const [q, k, v, o] = ["w_q", "w_k", "w_v", "w_o"].map((part) => linearOf(tensors, `${name}.${part}`, D, D));
  return checked({ q: q!, k: k!, v: v!, o: o!, heads, rotary }, name);
}

/** One matrix holds those of queries, keys and values, one above the other; heads of keys may be fewer. */
export function fusedAttentionOf(
  tensors: Tensors,
  name: string,
  D: number,
  heads: number,
  rotary: number | null,
): AttentionLayer {
  const all = linearOf(tensors, `${name}.w_qkv`, D);
  const { rows } = all.weight;
  const middle = D + (rows - D) / 2;
  const [q, k, v] = [outputsOf(all, 0, D), outputsOf(all, D, middle), outputsOf(all, middle, rows)];
  return checked({ q, k, v, o: linearOf(tensors, `${name}.w_o`, D, D), heads, rotary }, name);
}

function checked(layer: AttentionLayer, name: string): AttentionLayer {
  const width = layer.q.weight.rows / layer.heads;
  const keyHeads = layer.k.weight.rows / width;
  const fits = Number.isInteger(width) && layer.heads % keyHeads === 0 && !(layer.rotary !== null && width % 2);
  if (!fits) throw new Error(`${name}: ${layer.heads} heads do not share ${layer.q.weight.rows} coordinates`);
  return layer;
}

/** The keys and values of these positions, the first of which is number `start`, behind those of a memory. */
export function remember(x: Float64Array, layer: AttentionLayer, start = 0, before?: Memory): Memory {
  const keys = turn(linear(x, layer.k), layer.k, layer, start);
  const values = linear(x, layer.v);
  return before ? { keys: join(before.keys, keys), values: join(before.values, values) } : { keys, values };
}

function join(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Rotary positions: each pair of neighbouring coordinates turned by its position, in place. */
function turn(x: Float64Array, { weight }: Linear, { q, heads, rotary }: AttentionLayer, start: number): Float64Array {
  const d = q.weight.rows / heads;
  for (let i = 0; rotary !== null && i < x.length; i += 2) {
    const angle = (start + Math.floor(i / weight.rows)) * rotary ** (-(i % d) / d);
    const [a, b] = [x[i]!, x[i + 1]!];
    x[i] = a * Math.cos(angle) - b * Math.sin(angle);
    x[i + 1] = a * Math.sin(angle) + b * Math.cos(angle);
  }
  return x;
}

/** What queries made of x, the first of which stands at `start`, find in a memory; if causal, none looks ahead. */
export function attend(
  x: Float64Array,
  { keys, values }: Memory,
  layer: AttentionLayer,
  { causal = false, start = 0 }: { causal?: boolean; start?: number } = {},
): { out: Float64Array; weights: HeadWeights } {
  const { q, k, o, heads } = layer;
  const [D, keyCols] = [q.weight.rows, k.weight.rows];
  const d = D / heads;
  const queries = turn(linear(x, q), q, layer, start);
  const [T, S] = [queries.length / D, keys.length / keyCols];
  const context = new Float64Array(queries.length);
  const weights = { heads, T, S, data: new Float64Array(heads * T * S) };
  for (let h = 0; h < heads; h++) {
    const key = Math.floor((h * keyCols) / D) * d; // where its head of keys begins
    for (let t = 0; t < T; t++) {
      const row = weights.data.subarray((h * T + t) * S, (h * T + t) * S + (causal ? start + t + 1 : S));
      const at = t * D + h * d;
      score(row, queries.subarray(at, at + d), keys, key, keyCols);
      softmaxInPlace(row);
      mix(row, context.subarray(at, at + d), values, key, keyCols);
    }
  }
  return { out: linear(context, o), weights };
}

/** The scaled products of one query with each key. */
function score(row: Float64Array, query: Float64Array, keys: Float64Array, first: number, cols: number): void {
  const scale = 1 / Math.sqrt(query.length);
  for (let s = 0; s < row.length; s++) {
    const start = s * cols + first;
    let sum = 0;
    for (let i = 0; i < query.length; i++) sum += query[i]! * keys[start + i]!;
    row[s] = sum * scale;
  }
}

/** The mean of the values under the weights. */
function mix(row: Float64Array, context: Float64Array, values: Float64Array, first: number, cols: number): void {
  for (let s = 0; s < row.length; s++) {
    const start = s * cols + first;
    const weight = row[s]!;
    for (let i = 0; i < context.length; i++) context[i]! += weight * values[start + i]!;
  }
}

export function softmaxInPlace(row: Float64Array): Float64Array {
  let largest = -Infinity;
  for (const value of row) largest = Math.max(largest, value);
  let total = 0;
  for (let i = 0; i < row.length; i++) {
    row[i] = Math.exp(row[i]! - largest); // the quotient stays the same, and no exponential overflows
    total += row[i]!;
  }
  for (let i = 0; i < row.length; i++) row[i]! /= total;
  return row;
}
