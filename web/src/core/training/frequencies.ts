// What a counter would say: the surprise at the held-out text of one who knows only how often characters occur, or how
// often each follows each. The twin in Python is llmbook.pages.widgets.small_run.

import { type Prepared, windowsOf } from "./text";

const PRIOR = 5; // how many characters of what follows any character are added to what follows one

export interface Frequencies {
  /** ln n_vocab: nothing is known. */
  nothing: number;
  /** −mean log p(y),  p(y) = (count(y) + 1) / (n + n_vocab). */
  unigram: number;
  /** −mean log p(y | x),  p(y | x) = (count(x y) + 5 p(y)) / (count(x) + 5). */
  bigram: number;
}

/** Counted in what is learned from, asked of exactly the characters that the model is asked for, in nats. */
export function frequencies({ letters, train, heldOut }: Prepared, length: number): Frequencies {
  const V = letters.length;
  const single = new Float64Array(V);
  const before = new Float64Array(V);
  const pairs = new Map<number, number>();
  for (const [i, id] of train.entries()) {
    single[id]! += 1;
    const next = train[i + 1];
    if (next === undefined) continue;
    before[id]! += 1;
    pairs.set(id * V + next, (pairs.get(id * V + next) ?? 0) + 1);
  }

  let [unigram, bigram, count] = [0, 0, 0];
  for (const window of windowsOf(heldOut, length)) {
    for (const [t, y] of window.slice(1).entries()) {
      const x = window[t]!;
      const p = (single[y]! + 1) / (train.length + V);
      unigram -= Math.log(p);
      bigram -= Math.log(((pairs.get(x * V + y) ?? 0) + PRIOR * p) / (before[x]! + PRIOR));
      count++;
    }
  }
  return { nothing: Math.log(V), unigram: unigram / count, bigram: bigram / count };
}
