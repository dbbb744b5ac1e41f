// The mathematics of the attention laboratory: pure functions on Float64 arrays, no document in sight.
// Each has its twin in Python (llmbook.attention, llmbook.widgets), and the tests compare the two.

export interface Matrix {
  rows: number;
  cols: number;
  data: Float64Array;
}

/** Words whose vectors come from a lexicon or, failing that, from a hash of their letters. */
export interface Words {
  kind: "words";
  lexicon: Record<string, number[]>;
  w_q: number[][];
  w_k: number[][];
  w_v: number[][];
}

/** Any tensors of a model: q (heads, T, K), k (heads, S, K), v (heads, S, C), float16 little-endian in base64. */
export interface Tensors {
  kind: "tensors";
  tokens: string[];
  key_tokens: string[];
  heads: (number | string)[];
  width: number;
  value_width: number;
  q: string;
  k: string;
  v: string;
  may_attend: number[][] | null;
}

export type Source = Words | Tensors;
export type Entry = ["q" | "k" | "v", number, number, number, number]; // matrix, head, row, column, value

export interface State {
  text: string;
  temperature: number;
  scaled: boolean;
  d_k: number;
  mask: "none" | "causal" | "padding" | "window";
  n_keys: number;
  window: number;
  blocked: [number, number][];
  edits: Entry[];
  head: number;
  row: number;
  key: number;
}

export interface Inputs {
  tokens: string[];
  keyTokens: string[];
  q: Matrix;
  k: Matrix;
  v: Matrix;
  base: number[][] | null;
}

export interface Result {
  scores: Float64Array;
  scaled: Float64Array;
  weights: Float64Array;
  outputs: Float64Array;
}

export const MAX_WORDS = 16;
export const MAX_LETTERS = 16;
const SPACES = /[ \t\n\r\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Cut a text into at most 16 words of at most 16 characters; say what was cut. */
export function toWords(text: string): { words: string[]; notice: string } {
  const wellFormed = new TextDecoder().decode(new TextEncoder().encode(text));
  const all = wellFormed.split(SPACES).filter((word) => word !== "");
  const words = all.slice(0, MAX_WORDS).map((word) => [...word].slice(0, MAX_LETTERS).join(""));
  const shortened = words.filter((word, i) => word !== all[i]).length;
  const notes = [];
  if (all.length > MAX_WORDS) notes.push(`only the first ${MAX_WORDS} of ${all.length} words are used`);
  if (shortened) notes.push(`${shortened} shortened to ${MAX_LETTERS} characters`);
  if (!all.length) notes.push("type at least one word");
  return { words, notice: notes.join("; ") };
}

/** FNV-1a, 32 bits, over the word's UTF-8 bytes. */
export function hash(word: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(word)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  return h;
}

/** The word's vector: from the lexicon, else three multiples of ½ between 0 and 2 taken from the hash. */
export function embed(word: string, lexicon: Record<string, number[]>): number[] {
  const lower = word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (Object.hasOwn(lexicon, lower)) return lexicon[lower]!;
  const h = hash(lower);
  return [0, 8, 16].map((shift) => (((h >>> shift) & 0xff) % 5) / 2);
}

function matrix(rows: number, cols: number): Matrix {
  return { rows, cols, data: new Float64Array(rows * cols) };
}

function project(x: number[][], w: number[][]): Matrix {
  const out = matrix(x.length, w[0]!.length);
  x.forEach((row, i) => {
    for (let j = 0; j < out.cols; j++) {
      let sum = 0;
      row.forEach((value, l) => (sum += value * w[l]![j]!));
      out.data[i * out.cols + j] = sum;
    }
  });
  return out;
}

/** One float16, given by its bits, as a number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const decoded = new WeakMap<Tensors, Record<"q" | "k" | "v", Float64Array>>();

function halves(base64: string): Float64Array {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(bytes[2 * i]! | (bytes[2 * i + 1]! << 8)));
}

function tensors(source: Tensors): Record<"q" | "k" | "v", Float64Array> {
  let arrays = decoded.get(source);
  if (!arrays) {
    arrays = { q: halves(source.q), k: halves(source.k), v: halves(source.v) };
    decoded.set(source, arrays);
  }
  return arrays;
}

function headOf(all: Float64Array, head: number, rows: number, cols: number): Matrix {
  return { rows, cols, data: all.slice(head * rows * cols, (head + 1) * rows * cols) };
}

/** Q, K and V of the chosen head, with the reader's edits put in. */
export function inputs(source: Source, state: State): Inputs {
  let result: Inputs;
  if (source.kind === "words") {
    const { words } = toWords(state.text);
    const x = words.map((word) => embed(word, source.lexicon));
    const [q, k, v] = [source.w_q, source.w_k, source.w_v].map((w) => project(x, w)) as [Matrix, Matrix, Matrix];
    result = { tokens: words, keyTokens: words, q, k, v, base: null };
  } else {
    const { q, k, v } = tensors(source);
    const [T, S] = [source.tokens.length, source.key_tokens.length];
    result = {
      tokens: source.tokens,
      keyTokens: source.key_tokens,
      q: headOf(q, state.head, T, source.width),
      k: headOf(k, state.head, S, source.width),
      v: headOf(v, state.head, S, source.value_width),
      base: source.may_attend,
    };
  }
  for (const [name, head, row, col, value] of state.edits) {
    const m = result[name];
    if (head === state.head && row < m.rows && col < m.cols) m.data[row * m.cols + col] = value;
  }
  return result;
}

/** 1 where query t may look at key s, under the chosen mask, the blocked cells and the mask the tensors came with. */
export function mayAttend(state: State, T: number, S: number, base: number[][] | null): Uint8Array {
  const may = new Uint8Array(T * S);
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < S; s++) {
      const allowed =
        (state.mask === "causal" && s <= t + S - T) ||
        (state.mask === "padding" && s < state.n_keys) ||
        (state.mask === "window" && Math.abs(t - s) < state.window) ||
        state.mask === "none";
      may[t * S + s] = allowed && (!base || base[t]![s]) ? 1 : 0;
    }
  }
  for (const [t, s] of state.blocked) if (t < T && s < S) may[t * S + s] = 0;
  return may;
}

/** S = QKᵀ. */
export function scores(q: Matrix, k: Matrix): Float64Array {
  const out = new Float64Array(q.rows * k.rows);
  for (let t = 0; t < q.rows; t++) {
    for (let s = 0; s < k.rows; s++) {
      let sum = 0;
      for (let i = 0; i < q.cols; i++) sum += q.data[t * q.cols + i]! * k.data[s * k.cols + i]!;
      out[t * k.rows + s] = sum;
    }
  }
  return out;
}

/** What the scores are divided by: √d_k if scaled, times the temperature. */
export function divisor(state: State): number {
  return (state.scaled ? Math.sqrt(state.d_k) : 1) * state.temperature;
}

/** A = softmax over the keys a query may see; a query that may look nowhere gets zeros. */
export function softmax(scaled: Float64Array, may: Uint8Array, T: number, S: number): Float64Array {
  const out = new Float64Array(T * S);
  for (let t = 0; t < T; t++) {
    let top = -Infinity;
    for (let s = t * S; s < (t + 1) * S; s++) if (may[s] && scaled[s]! > top) top = scaled[s]!;
    if (top === -Infinity) continue;
    let total = 0;
    for (let s = t * S; s < (t + 1) * S; s++) if (may[s]) total += out[s] = Math.exp(scaled[s]! - top);
    for (let s = t * S; s < (t + 1) * S; s++) out[s]! /= total;
  }
  return out;
}

/** C = AV. */
export function outputs(weights: Float64Array, v: Matrix, T: number): Float64Array {
  const out = new Float64Array(T * v.cols);
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < v.rows; s++) {
      const w = weights[t * v.rows + s]!;
      if (w) for (let c = 0; c < v.cols; c++) out[t * v.cols + c]! += w * v.data[s * v.cols + c]!;
    }
  }
  return out;
}

/** Scores, scaled scores, weights and outputs; `known` are the scores if q and k have not changed. */
export function attend(given: Inputs, state: State, known?: Float64Array): Result {
  const [T, S] = [given.q.rows, given.k.rows];
  const raw = known ?? scores(given.q, given.k);
  const by = divisor(state);
  const scaled = raw.map((score) => score / by);
  const weights = softmax(scaled, mayAttend(state, T, S, given.base), T, S);
  return { scores: raw, scaled, weights, outputs: outputs(weights, given.v, T) };
}

/** The entropy of one row of weights, in bits: 0 for one word, log₂ n for n words alike. */
export function entropy(row: Float64Array): number {
  let bits = 0;
  for (const w of row) if (w > 0) bits -= w * Math.log2(w);
  return bits;
}

/** The Python call that makes a laboratory in this state. */
export function asCode(source: Source, state: State): string {
  const options: string[] = [];
  const py = (value: unknown): string => {
    if (Array.isArray(value)) return `(${value.map(py).join(", ")})`;
    return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
  };
  const listOf = (values: unknown[]): string => `[${values.map(py).join(", ")}]`;
  if (source.kind === "tensors" && typeof source.heads[0] === "string") options.push(`heads=${listOf(source.heads)}`);
  if (state.temperature !== 1) options.push(`temperature=${state.temperature}`);
  if (!state.scaled) options.push("scaled=False");
  const width = source.kind === "words" ? source.w_k[0]!.length : source.width;
  if (state.d_k !== width) options.push(`d_k=${state.d_k}`);
  if (state.mask !== "none") options.push(`mask=${py(state.mask)}`);
  if (state.mask === "padding") options.push(`n_keys=${state.n_keys}`);
  if (state.mask === "window") options.push(`window=${state.window}`);
  if (state.blocked.length) options.push(`blocked=${listOf(state.blocked)}`);
  if (state.edits.length) options.push(`edits=${listOf(state.edits)}`);
  if (state.head) options.push(`head=${state.head}`);
  options.push(`row=${state.row}`);
  const call =
    source.kind === "words"
      ? `AttentionLab(${[py(state.text), ...options].join(", ")})`
      : `AttentionLab.from_tensors(${["q", "k", "v", "tokens", "key_tokens", "may_attend", ...options].join(", ")})`;
  return `from llmbook.widgets import AttentionLab\n\nlab = ${call}\nlab.weights`;
}
