// What the stored translator writes, with its alternatives and where it looks.

import type { HeadWeights } from "./attention";
import { beamSearch } from "./beam";
import { type Candidate, likeliest, logSoftmax, softmaxOf } from "./likeliest";
import { type Ids, stateOf } from "./reading";
import type { TranslatorModel, Written } from "./translator";

export interface Translation {
  text: string;
  /** What was written, with the end where it was reached. */
  ids: number[];
  score: number;
}

/** The best translations, best first; one beam takes the likeliest character after the other. */
export function translate(model: TranslatorModel, text: string, { beams = 1 } = {}): Translation[] {
  const source = model.encode(model.source.encode(text));
  const texts = beamSearch<Written>({
    start: model.decode([model.begin], source),
    read: ({ logits }) => logSoftmax(logits),
    go: ({ cache }, id) => model.decode([id], source, cache),
    beams,
    most: model.longest,
    end: model.end,
  });
  return texts.map(({ ids, score }) => ({ text: model.target.decode(ids), ids, score }));
}

export interface Explained {
  /** At each place what was written there, and the likeliest there. */
  steps: { written: Candidate; alternatives: Candidate[] }[];
  /** Where each layer's heads look in the source while they write each character, and in what is written already. */
  cross: HeadWeights[];
  attention: HeadWeights[];
}

/** How the model came to write these ids. Throws for none. */
export function explain(model: TranslatorModel, text: string, ids: Ids, most: number): Explained {
  const source = model.encode(model.source.encode(text));
  const { logits, cross, attention } = model.decode([model.begin, ...ids.slice(0, -1)], source);
  const steps = ids.map((id, t) => {
    const probabilities = softmaxOf(stateOf(logits, model.target.size, t));
    const written = { id, token: model.target.name(id), probability: probabilities[id]! };
    return { written, alternatives: likeliest(probabilities, model.target, most) };
  });
  return { steps, cross, attention };
}
