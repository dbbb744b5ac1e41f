// The task of a model that names hidden words: what could stand in each gap, by the words that are seen from it.

import { allWords, askedPlaces, BLANK, type Gaps, inSight, MOST_WORDS, seenWords } from "../core/gaps";
import type { BertModel } from "../core/models/bert";
import { largestFirst, softmaxOf } from "../core/models/likeliest";
import { lastOf, type Reading, stateOf } from "../core/models/reading";
import { BERT_IDS } from "../core/models/tokenizers";

export interface Likely {
  word: string;
  chance: number;
}

/** What a certain word is given: its chance, and its rank among the words, from 1. */
export interface Said {
  rank: number;
  chance: number;
}

export interface Gap {
  place: number;
  likeliest: Likely[];
  /** The sentence's own word; null where the model does not know it, or nobody does. */
  own: Said | null;
  /** The word that was put here; null where it is hidden, or the model does not know it. */
  stands: Said | null;
  /** What each head, one layer's after another's, looks at from here: [CLS], the words, [SEP]. */
  looks: number[][];
}

export interface Filled {
  /** Whether the model knows each word of the sentence. */
  known: boolean[];
  gaps: Gap[];
}

export const LISTED = 50;

/** Gap after gap; where all see the same words, the model reads them once. */
export function* fill(model: BertModel, asked: Gaps): Generator<undefined, Filled> {
  const words = allWords(asked.text).slice(0, MOST_WORDS);
  const idOf = (word: string): number => (word === BLANK ? BERT_IDS.unknown : (model.tokenizer.encode(word)[0] ?? 4));
  const seen = seenWords(words, asked).map((word) => (word === null ? BERT_IDS.mask : idOf(word)));
  const ids = [BERT_IDS.cls, ...seen, BERT_IDS.sep];
  const gaps: Gap[] = [];
  let places: number[] = [];
  let reading: Reading | null = null;
  for (const place of askedPlaces(words, asked)) {
    const sight = inSight(ids.length, place + 1, asked);
    if (!reading || sight.join() !== places.join()) {
      const inside = sight.map((position) => ids[position] ?? 0);
      reading = model.read(inside, undefined, sight);
      places = sight;
      yield;
    }
    const row = places.indexOf(place + 1);
    const chances = softmaxOf(model.wordLogits(stateOf(lastOf(reading.hidden), model.width, row)));
    gaps.push({
      place,
      likeliest: likeliestWords(chances, model),
      own: saidOf(idOf(words[place] ?? BLANK), chances),
      stands: saidOf(seen[place] ?? 0, chances),
      looks: looksFrom(reading, row, places, ids.length),
    });
    yield;
  }
  return { known: words.map((word) => word === BLANK || idOf(word) !== BERT_IDS.unknown), gaps };
}

/** Signs of the model's own are no words. */
function likeliestWords(chances: Float64Array, { tokenizer }: BertModel): Likely[] {
  const words = largestFirst(chances).filter((id) => id > BERT_IDS.unknown);
  return words.slice(0, LISTED).map((id) => ({ word: tokenizer.name(id), chance: chances[id] ?? 0 }));
}

function saidOf(id: number, chances: Float64Array): Said | null {
  const chance = chances[id];
  if (id <= BERT_IDS.unknown || chance === undefined) return null;
  const better = chances.subarray(BERT_IDS.unknown + 1).filter((other) => other > chance);
  return { rank: better.length + 1, chance };
}

/** The weights of this row's query in each head; a position out of sight gets nothing. */
function looksFrom({ attention }: Reading, row: number, places: number[], n: number): number[][] {
  return attention.flatMap(({ heads, T, S, data }) =>
    Array.from({ length: heads }, (_, head) => {
      const weights = new Array<number>(n).fill(0);
      for (const [s, place] of places.entries()) weights[place] = data[(head * T + row) * S + s] ?? 0;
      return weights;
    }),
  );
}
