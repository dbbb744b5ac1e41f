// BERT: every position sees both sides, so that a hidden word can be named. Its twin is llmbook.models.bert.

import { encode, encoderOf } from "./encoder";
import { ACTIVATIONS, add, embed, linear, normalise } from "./layers";
import { checkIds, type Ids, numberOf, type Reading, stateOf } from "./reading";
import type { WordTokenizer } from "./tokenizers";
import { linearOf, matrixOf, normOf, type Tensors, vectorOf } from "./weights";

export interface BertModel {
  kind: "bert";
  tokenizer: WordTokenizer;
  vocabulary: number;
  layers: number;
  heads: number;
  width: number;
  positions: number;
  /**
   * Read ids; segments are 0 for the first sentence and 1 for the second. Of a text that is seen in part, `places` says
   * where each of the ids stands. Throws as `checkIds`.
   */
  read: (ids: Ids, segments?: Ids, places?: Ids) => Reading;
  /** The logits (T, n_vocab) of the words that could stand at these states (T, D). */
  wordLogits: (states: Float64Array) => Float64Array;
  /** The logits of "the second sentence followed the first" and of "it did not". */
  pairLogits: (states: Float64Array) => Float64Array;
}

/** Throws where weights are missing or do not fit the card. */
export function openBert(tensors: Tensors, card: Record<string, unknown>, tokenizer: WordTokenizer): BertModel {
  const words = matrixOf(tensors, "bert.words.weight", undefined, tokenizer.size);
  const D = words.cols;
  const [heads, eps] = [numberOf(card, "n_heads"), numberOf(card, "eps")];
  const sizes = { D, heads, eps, layers: numberOf(card, "n_layers"), rotary: null };
  const layers = encoderOf(tensors, "bert.encoder", { ...sizes, activation: ACTIVATIONS.gelu });
  const positions = matrixOf(tensors, "bert.positions.weight", D);
  const segmentTable = matrixOf(tensors, "bert.segments.weight", D);
  const norm = normOf(tensors, "bert.norm", D, eps);
  const pooler = linearOf(tensors, "bert.pooler", D, D);
  const nsp = linearOf(tensors, "nsp", D, 2);
  const dense = linearOf(tensors, "mlm_dense", D, D);
  const mlmNorm = normOf(tensors, "mlm_norm", D, eps);
  const output = { weight: words, bias: vectorOf(tensors, "mlm_bias", words.rows) };
  return {
    kind: "bert",
    tokenizer,
    vocabulary: words.rows,
    layers: layers.length,
    heads,
    width: D,
    positions: positions.rows,
    read: (ids, segments = ids.map(() => 0), places = [...ids.keys()]) => {
      checkIds(ids, words.rows, positions.rows);
      checkIds(segments, segmentTable.rows, ids.length);
      checkIds(places, positions.rows, ids.length);
      const x = add(add(embed(words, ids), embed(positions, places)), embed(segmentTable, segments));
      return encode(normalise(x, norm), layers);
    },
    wordLogits: (states) => linear(normalise(linear(states, dense).map(ACTIVATIONS.gelu), mlmNorm), output),
    pairLogits: (states) => linear(linear(stateOf(states, D, 0), pooler).map(Math.tanh), nsp),
  };
}

export interface Pair {
  ids: number[];
  segments: number[];
  /** How many words found no room. */
  cut: number;
}

/** [CLS] a [SEP] b [SEP], or one sentence alone; the longer (b, if equal) is cut, word by word, until it fits. */
export function joinPair(a: Ids, b: Ids | null, ids: { cls: number; sep: number }, most: number): Pair {
  if (most < 5) throw new Error(`a pair needs at least 5 positions, not ${most}`);
  const signs = b ? 3 : 2;
  let [first, second] = [a.length, b ? b.length : 0];
  while (first + second + signs > most) {
    if (first > second) first--;
    else second--;
  }
  const start = [ids.cls, ...a.slice(0, first), ids.sep];
  const end = b ? [...b.slice(0, second), ids.sep] : [];
  return {
    ids: [...start, ...end],
    segments: [...start.map(() => 0), ...end.map(() => 1)],
    cut: a.length - first + (b ? b.length - second : 0),
  };
}
