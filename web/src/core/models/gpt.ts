// A causal language model: it reads ids, and says of each what may follow. Its twin is llmbook.models.causal_lm.

import { type AttentionLayer, attend, fusedAttentionOf, remember } from "./attention";
import { ACTIVATIONS, add, addAndNorm, embed, type FeedForward, feedForward, linear, normalise } from "./layers";
import { type Cache, checkIds, EMPTY, type Ids, lastOf, numberOf, type Reading } from "./reading";
import type { Tokenizer } from "./tokenizers";
import { linearOf, matrixOf, type Norm, normOf, type Tensors, type Weight } from "./weights";

export interface GptModel {
  kind: "gpt";
  tokenizer: Tokenizer;
  vocabulary: number;
  layers: number;
  heads: number;
  width: number;
  /** The longest text, in ids. */
  positions: number;
  /** Read ids, behind those of a cache. Throws for no ids, unknown ones, and more than there are positions. */
  read: (ids: Ids, cache?: Cache) => Reading & { cache: Cache };
  /** The logits (T, n_vocab) that states of any layer give, by the last norm and the output. */
  unembed: (states: Float64Array) => Float64Array;
  /** The logits (T, n_vocab) after each of the ids. */
  logits: (ids: Ids) => Float64Array;
}

interface Block {
  norm1: Norm;
  norm2: Norm;
  attention: AttentionLayer;
  feedForward: FeedForward;
}

interface Parts {
  embedding: Weight;
  table: Weight | null;
  blocks: Block[];
  norm: Norm | null;
  output: Weight;
  normFirst: boolean;
  positions: number;
}

const FORMS = { relu: ACTIVATIONS.relu, gelu: ACTIVATIONS.geluTanh, swiglu: ACTIVATIONS.silu };

/** Throws where weights are missing or do not fit the card, and for parts that are not known here. */
export function openGpt(tensors: Tensors, card: Record<string, unknown>, tokenizer: Tokenizer): GptModel {
  const parts = partsOf(tensors, card);
  const { embedding, output, norm, blocks, positions } = parts;
  if (embedding.rows !== tokenizer.size) throw new Error(`${tokenizer.size} tokens for ${embedding.rows} embeddings`);
  const width = embedding.cols;
  const unembed = (states: Float64Array) =>
    linear(norm ? normalise(states, norm) : states, { weight: output, bias: null });
  const read = (ids: Ids, cache?: Cache) => readBy(parts, ids, cache ?? EMPTY);
  return {
    kind: "gpt",
    tokenizer,
    vocabulary: embedding.rows,
    layers: blocks.length,
    heads: numberOf(card, "n_heads"),
    width,
    positions,
    read,
    unembed,
    logits: (ids) => unembed(lastOf(read(ids).hidden)),
  };
}

function partsOf(tensors: Tensors, card: Record<string, unknown>): Parts {
  const kind = card.positions;
  if (kind !== "learned" && kind !== "rotary" && kind !== "none") throw new Error(`positions of the kind ${kind}`);
  const form = FORMS[card.feed_forward as keyof typeof FORMS];
  if (!form) throw new Error(`a feed-forward layer of the kind ${card.feed_forward}`);
  const [heads, eps, positions] = [numberOf(card, "n_heads"), numberOf(card, "eps"), numberOf(card, "max_len")];
  const rotary = kind === "rotary" ? numberOf(card, "rope_base") : null;
  const embedding = matrixOf(tensors, "embedding.weight");
  const D = embedding.cols;
  const blockOf = (name: string): Block => ({
    norm1: normOf(tensors, `${name}.norm_1`, D, eps),
    norm2: normOf(tensors, `${name}.norm_2`, D, eps),
    attention: fusedAttentionOf(tensors, `${name}.attention`, D, heads, rotary),
    feedForward: {
      w1: linearOf(tensors, `${name}.feed_forward.w_1`, D),
      w2: linearOf(tensors, `${name}.feed_forward.w_2`, undefined, D),
      activation: form,
    },
  });
  const normFirst = card.norm_first === true;
  return {
    embedding,
    table: kind === "learned" ? matrixOf(tensors, "positions.added.table", D, positions) : null,
    blocks: Array.from({ length: numberOf(card, "n_layers") }, (_, i) => blockOf(`blocks.${i}`)),
    norm: normFirst ? normOf(tensors, "norm", D, eps) : null,
    output: card.tied === true ? embedding : matrixOf(tensors, "output.weight", D, embedding.rows),
    normFirst,
    positions,
  };
}

function readBy(parts: Parts, ids: Ids, before: Cache): Reading & { cache: Cache } {
  const { embedding, table, blocks, normFirst, positions } = parts;
  const start = before.length;
  checkIds(ids, embedding.rows, positions, start);
  let x = embed(embedding, ids);
  if (table)
    x = add(
      x,
      embed(
        table,
        ids.map((_, t) => start + t),
      ),
    );

  const reading: Reading & { cache: Cache } = {
    hidden: [x],
    attention: [],
    cache: { length: start + ids.length, layers: [] },
  };
  for (const [i, { norm1, norm2, attention, feedForward: layer }] of blocks.entries()) {
    x = addAndNorm(x, norm1, normFirst, (y) => {
      const memory = remember(y, attention, start, before.layers[i]);
      const { out, weights } = attend(y, memory, attention, { causal: true, start });
      reading.cache.layers.push(memory);
      reading.attention.push(weights);
      return out;
    });
    x = addAndNorm(x, norm2, normFirst, (y) => feedForward(y, layer));
    reading.hidden.push(x);
  }
  return reading;
}
