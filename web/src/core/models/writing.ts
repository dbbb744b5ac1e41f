// What the stored GPT says of a text: what may follow, what each layer would say, how surprised it is, and more text.

import type { GptModel } from "./gpt";
import { type Candidate, likeliest, logSoftmax, softmaxOf } from "./likeliest";
import { type Ids, stateOf } from "./reading";
import { distribution, draw, type Sampling } from "./sampling";

export interface NextToken extends Candidate {
  /** Its probability under the settings; `probability` is the model's own, of temperature 1 and no filter. */
  drawn: number;
}

/** The so many likeliest next tokens by the model, with how likely the settings make each. */
export function nextTokens(
  model: GptModel,
  logits: Float64Array,
  settings: Sampling,
  seen: Ids,
  most: number,
): NextToken[] {
  const drawn = distribution(logits, settings, seen);
  return likeliest(softmaxOf(logits), model.tokenizer, most).map((token) => ({ ...token, drawn: drawn[token.id]! }));
}

/** The logit lens: what position t would say if the layers ended at each state, the last of which is the model's own. */
export function logitLens(model: GptModel, hidden: Float64Array[], t: number, most: number): Candidate[][] {
  const say = (states: Float64Array) => softmaxOf(model.unembed(stateOf(states, model.width, t)));
  return hidden.map((states) => likeliest(say(states), model.tokenizer, most));
}

/** -log p of each id but the first, in nats. A long text is cut into windows as long as the model reads. */
export function tokenLosses(model: GptModel, ids: Ids): number[] {
  const losses: number[] = [];
  for (let start = 0; start + 1 < ids.length; start += model.positions) {
    const targets = ids.slice(start + 1, start + 1 + model.positions);
    const logits = model.logits(ids.slice(start, start + targets.length));
    for (const [t, id] of targets.entries()) losses.push(-logSoftmax(stateOf(logits, model.vocabulary, t))[id]!);
  }
  return losses;
}

/**
 * One token after another, without end, behind a cache. Where the model can read no further, it reads the later half of
 * what it can see anew, and forgets the rest.
 */
export function* write(model: GptModel, prompt: Ids, settings: Sampling, random: () => number): Generator<number> {
  const ids = [...prompt];
  let { logits, cache } = model.next(ids.slice(-model.positions));
  for (;;) {
    const id = draw(distribution(logits, settings, ids), random);
    ids.push(id);
    yield id;
    const full = cache.length === model.positions;
    ({ logits, cache } = full ? model.next(ids.slice(-Math.ceil(model.positions / 2))) : model.next([id], cache));
  }
}
