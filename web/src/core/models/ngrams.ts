// Counted n-grams with the smoothing of Kneser and Ney, interpolated. The twins in Python are llmbook.pretrained.ngrams,
// whose formula this is, and llmbook.pages.widgets.counted, which says how the counts of trigrams are packed.

import type { Ids } from "./reading";

/** Of all n-grams of one length, sorted: how often each, and what is known of the contexts. */
interface Counts {
  grams: Int32Array;
  counts: Int32Array;
  contexts: Int32Array;
  totals: Int32Array;
  kinds: Int32Array;
  discount: number;
}

interface Head {
  vocabulary: number;
  grams: number;
  gapBits: number;
  /** The text's last two ids, which begin no trigram. */
  end: [number, number];
}

export interface NGrams {
  /** The length of the longest. */
  order: number;
  /** Of each id but the first order - 1, given those before it. */
  probabilities: (ids: Ids) => number[];
}

/** The models of bigrams and of trigrams that the packed counts make. */
export function openNGrams(bytes: Uint8Array): NGrams[] {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head: Head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const { vocabulary } = head;
  const trigrams = unpack(bytes.subarray(4 + length), head);
  const { contexts, totals } = countsOf(trigrams.grams, trigrams.counts, vocabulary);
  const end = head.end[0] * vocabulary + head.end[1];
  const often = totals.map((total, i) => total + Number(contexts[i] === end));
  return [modelOf(contexts, often, vocabulary, 2), modelOf(trigrams.grams, trigrams.counts, vocabulary, 3)];
}

function unpack(bytes: Uint8Array, { grams: n, gapBits }: Head): { grams: Int32Array; counts: Int32Array } {
  let place = 0;
  const bit = (): number => ((bytes[place >> 3] ?? 0) >> (7 - (place++ & 7))) & 1;
  const number = (k: number): number => {
    let digits = k;
    while (bit() === 0) digits++;
    let value = 1;
    for (let i = 0; i < digits; i++) value = 2 * value + bit();
    return value - 2 ** k;
  };
  const grams = new Int32Array(n);
  const counts = new Int32Array(n);
  let gram = -1;
  for (let i = 0; i < n; i++) {
    gram += 1 + number(gapBits);
    grams[i] = gram;
    counts[i] = 1 + number(0);
  }
  return { grams, counts };
}

function modelOf(grams: Int32Array, counts: Int32Array, vocabulary: number, order: number): NGrams {
  const lengths = [countsOf(grams, counts, vocabulary)];
  for (let n = order - 1; n > 0; n--) {
    const shorter = distinct((lengths[0] as Counts).grams.map((gram) => gram % vocabulary ** n).sort());
    lengths.unshift(countsOf(shorter.keys, shorter.counts, vocabulary)); // each kind of longer n-gram counts once
  }
  return { order, probabilities: (ids) => ids.slice(order - 1).map((_, t) => probability(t + order - 1, ids)) };

  function probability(t: number, ids: Ids): number {
    let p = 1 / vocabulary;
    for (const [i, known] of lengths.entries()) {
      const gram = ids.slice(t - i, t + 1).reduce((number, id) => number * vocabulary + id, 0);
      const context = placeOf(known.contexts, Math.floor(gram / vocabulary));
      if (context < 0) continue;
      const kept = Math.max((known.counts[placeOf(known.grams, gram)] ?? 0) - known.discount, 0);
      p = (kept + known.discount * known.kinds[context]! * p) / known.totals[context]!;
    }
    return p;
  }
}

function countsOf(grams: Int32Array, counts: Int32Array, vocabulary: number): Counts {
  const { keys: contexts, counts: kinds } = distinct(grams.map((gram) => Math.floor(gram / vocabulary)));
  const totals = new Int32Array(contexts.length);
  let i = 0;
  for (const [context, n] of kinds.entries()) {
    for (const end = i + n; i < end; i++) totals[context]! += counts[i]!;
  }
  const [once, twice] = [1, 2].map((n) => counts.reduce((sum, count) => sum + Number(count === n), 0)) as [
    number,
    number,
  ];
  return { grams, counts, contexts, totals, kinds, discount: once / Math.max(1, once + 2 * twice) };
}

/** The different ones among sorted numbers, and how often each stands there. */
function distinct(sorted: Int32Array): { keys: Int32Array; counts: Int32Array } {
  const keys = new Int32Array(sorted.length);
  const counts = new Int32Array(sorted.length);
  let n = -1;
  for (const key of sorted) {
    if (n < 0 || keys[n] !== key) keys[++n] = key;
    counts[n]!++;
  }
  return { keys: keys.slice(0, n + 1), counts: counts.slice(0, n + 1) };
}

/** Where a number stands among sorted ones; -1 for nowhere. */
function placeOf(sorted: Int32Array, asked: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < asked) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === asked ? low : -1;
}
