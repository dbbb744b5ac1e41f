// From logits to one next id. Its twin in Python is llmbook.inference.sampling.

import { softmaxInPlace } from "./attention";
import { largestFirst, softmaxOf } from "./likeliest";

export interface Sampling {
  /** 0 takes the likeliest. */
  temperature?: number;
  /** Only the k likeliest, and those as likely as the k-th. */
  topK?: number;
  /** Only the likeliest that together first reach this probability; of equals those with the smaller ids. */
  topP?: number;
  /** Only those at least this many times as likely as the likeliest. */
  minP?: number;
  /** What logits of ids already in the text are divided by, or where they are below 0 multiplied by. */
  repetition?: number;
}

const SMALLEST = 2 ** -126; // of float32, as in Python
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Throws for settings that have no meaning. */
function check({ temperature = 1, topK = 1, topP = 1, minP = 0, repetition = 1 }: Sampling): void {
  if (!(temperature >= 0)) throw new Error(`the temperature must be at least 0, not ${temperature}`);
  if (!(Number.isInteger(topK) && topK >= 1)) throw new Error(`top-k must be a whole number from 1, not ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new Error(`top-p must lie in (0, 1], not ${topP}`);
  if (!(minP >= 0 && minP <= 1)) throw new Error(`min-p must lie in [0, 1], not ${minP}`);
  if (!(repetition > 0)) throw new Error(`the penalty for repetition must be above 0, not ${repetition}`);
}

/**
 * The logits with the penalty for `seen` ids, over the temperature, and -∞ for what top-k, then top-p, then min-p shut
 * out. The likeliest always stays.
 */
export function filterLogits(logits: Float64Array, settings: Sampling, seen: Iterable<number> = []): Float64Array {
  check(settings);
  const { temperature = 1, topK = logits.length, topP = 1, minP = 0, repetition = 1 } = settings;
  const out = Float64Array.from(logits);
  for (const id of new Set(seen)) out[id] = out[id]! > 0 ? out[id]! / repetition : out[id]! * repetition;
  const divisor = Math.min(Math.max(temperature || 1, SMALLEST), LARGEST);
  for (let i = 0; i < out.length; i++) out[i]! /= divisor;
  if (topK < out.length) keepTopK(out, topK);
  if (topP < 1) keepTopP(out, topP);
  if (minP > 0) keepMinP(out, minP);
  return out;
}

function keepTopK(logits: Float64Array, k: number): void {
  shutOutBelow(logits, Float64Array.from(logits).sort().at(-k)!);
}

function shutOutBelow(logits: Float64Array, smallest: number): void {
  for (let i = 0; i < logits.length; i++) {
    if (logits[i]! < smallest) logits[i] = -Infinity;
  }
}

function keepTopP(logits: Float64Array, topP: number): void {
  const p = softmaxOf(logits);
  let together = 0;
  for (const id of largestFirst(logits)) {
    together += p[id]!;
    if (together - p[id]! >= topP) logits[id] = -Infinity;
  }
}

function keepMinP(logits: Float64Array, minP: number): void {
  const p = softmaxOf(logits);
  const smallest = minP * largestOf(p);
  for (let i = 0; i < p.length; i++) {
    if (p[i]! < smallest) logits[i] = -Infinity;
  }
}

function largestOf(numbers: Float64Array): number {
  let largest = -Infinity;
  for (const value of numbers) largest = Math.max(largest, value);
  return largest;
}

/** How likely each id is to be drawn; at temperature 0 the likeliest is certain. */
export function distribution(logits: Float64Array, settings: Sampling, seen: Iterable<number> = []): Float64Array {
  const filtered = filterLogits(logits, settings, seen);
  if (settings.temperature !== 0) return softmaxInPlace(filtered);
  const likeliest = filtered.indexOf(largestOf(filtered));
  return filtered.map((_, id) => Number(id === likeliest));
}

/** One id by lot; `random` gives numbers from 0 up to, but not, 1, as Math.random does. */
export function draw(probabilities: Float64Array, random: () => number): number {
  const place = random();
  let together = 0;
  let last = 0;
  for (const [id, p] of probabilities.entries()) {
    if (!p) continue;
    together += p;
    last = id;
    if (place < together) return id;
  }
  return last; // rounding may leave the sum a little below 1
}
