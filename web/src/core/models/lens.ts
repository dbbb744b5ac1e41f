// The logit lens: what a GPT would say if its layers ended earlier.

import type { GptModel } from "./gpt";
import { type Candidate, likeliest, softmaxOf } from "./likeliest";
import { stateOf } from "./reading";

/** What position t would say if the layers ended at each state, the last of which is the model's own. */
export function logitLens(model: GptModel, hidden: Float64Array[], t: number, most: number): Candidate[][] {
  const say = (states: Float64Array) => softmaxOf(model.unembed(stateOf(states, model.width, t)));
  return hidden.map((states) => likeliest(say(states), model.tokenizer, most));
}
