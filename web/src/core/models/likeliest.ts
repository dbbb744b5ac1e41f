// From logits to what a reader is shown: tokens with their probabilities.

import { softmaxInPlace } from "./attention";
import type { Tokenizer } from "./tokenizers";

export interface Candidate {
  id: number;
  token: string;
  probability: number;
}

export const softmaxOf = (logits: Float64Array): Float64Array => softmaxInPlace(Float64Array.from(logits));

/** log softmax: the logits less the logarithm of the sum of their exponentials. */
export function logSoftmax(logits: Float64Array): Float64Array {
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  let total = 0;
  for (const value of logits) total += Math.exp(value - largest);
  const sum = largest + Math.log(total);
  return logits.map((value) => value - sum);
}

/** All ids, the largest number first; of equals that with the smaller id. */
export function largestFirst(numbers: Float64Array): number[] {
  return [...numbers.keys()].sort((a, b) => numbers[b]! - numbers[a]! || a - b);
}

/** The so many likeliest tokens. */
export function likeliest(probabilities: Float64Array, tokenizer: Tokenizer, most: number): Candidate[] {
  return largestFirst(probabilities)
    .slice(0, most)
    .map((id) => ({ id, token: tokenizer.name(id), probability: probabilities[id]! }));
}
