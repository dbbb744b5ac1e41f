// What the stored BERT says of hidden words, from what stands on both sides.

import type { BertModel, Pair } from "./bert";
import { type Candidate, likeliest, softmaxOf } from "./likeliest";
import { lastOf, type Reading, stateOf } from "./reading";
import { BERT_IDS } from "./tokenizers";

export interface Filled {
  /** For each hidden position, the likeliest words. */
  words: Candidate[][];
  /** The probability that the second sentence followed the first. */
  followed: number;
  reading: Reading;
}

/** Hide these positions, and let the model name them. Throws for one that is not in the text. */
export function fill(model: BertModel, { ids, segments }: Pair, hidden: readonly number[], most: number): Filled {
  const strange = hidden.find((position) => ids[position] === undefined);
  if (strange !== undefined) throw new Error(`position ${strange} is not among the ${ids.length}`);
  const seen = ids.map((id, position) => (hidden.includes(position) ? BERT_IDS.mask : id));
  const reading = model.read(seen, segments);
  const states = lastOf(reading.hidden);
  const say = (position: number) => softmaxOf(model.wordLogits(stateOf(states, model.width, position)));
  return {
    words: hidden.map((position) => likeliest(say(position), model.tokenizer, most)),
    followed: softmaxOf(model.pairLogits(states))[0]!,
    reading,
  };
}
