// An encoder reads a text, a decoder writes its translation. Its twin is llmbook.models.encoder_decoder.

import { type AttentionLayer, attend, attentionOf, type HeadWeights, type Memory, remember } from "./attention";
import { type EncoderLayer, encode, encoderOf, feedForwardOf, type Sizes } from "./encoder";
import { ACTIVATIONS, addAndNorm, embed, type FeedForward, feedForward, linear } from "./layers";
import { type Cache, checkIds, EMPTY, type Ids, lastOf, numberOf, type Reading } from "./reading";
import type { Tokenizer } from "./tokenizers";
import { matrixOf, type Norm, normOf, type Tensors, type Weight } from "./weights";

/** What the encoder made of a source, and for each layer of the decoder the keys and values of it. */
export interface Source extends Reading {
  memories: Memory[];
}

/** Of some target positions: the states, where heads look among the target and, `cross`, in the source. */
export interface Written extends Reading {
  cross: HeadWeights[];
  /** (T, n_vocab), of the id after each. */
  logits: Float64Array;
  cache: Cache;
}

export interface TranslatorModel {
  kind: "translator";
  source: Tokenizer;
  target: Tokenizer;
  layers: number;
  heads: number;
  width: number;
  positions: number;
  /** The most characters of a translation. */
  longest: number;
  begin: number;
  end: number;
  /** Throws as `checkIds`. */
  encode: (ids: Ids) => Source;
  /** Read target ids, behind those of a cache. Throws as `checkIds`. */
  decode: (ids: Ids, source: Source, cache?: Cache) => Written;
}

interface DecoderLayer {
  self: AttentionLayer;
  aroundSelf: Norm;
  cross: AttentionLayer;
  aroundCross: Norm;
  feedForward: FeedForward;
  aroundFeedForward: Norm;
}

interface Parts {
  encoder: EncoderLayer[];
  decoder: DecoderLayer[];
  embeddings: { source: Weight; target: Weight };
  positions: number;
}

/** Throws where weights are missing or do not fit the card, and for positions that are not rotary. */
export function openTranslator(
  tensors: Tensors,
  card: Record<string, unknown>,
  { source, target }: { source: Tokenizer; target: Tokenizer },
): TranslatorModel {
  if (card.positions !== "rotary") throw new Error(`positions of the kind ${card.positions}`);
  const embeddings = {
    source: matrixOf(tensors, "src_embedding.weight", undefined, source.size),
    target: matrixOf(tensors, "tgt_embedding.weight", undefined, target.size),
  };
  const sizes = {
    D: embeddings.source.cols,
    heads: numberOf(card, "n_heads"),
    layers: numberOf(card, "n_layers"),
    eps: numberOf(card, "eps"),
    rotary: numberOf(card, "rope_base"),
    activation: ACTIVATIONS.relu,
  };
  const parts: Parts = {
    encoder: encoderOf(tensors, "encoder", sizes),
    decoder: Array.from({ length: sizes.layers }, (_, i) => decoderLayerOf(tensors, `decoder.layers.${i}`, sizes)),
    embeddings,
    positions: numberOf(card, "max_len"),
  };
  return {
    kind: "translator",
    source,
    target,
    layers: sizes.layers,
    heads: sizes.heads,
    width: sizes.D,
    positions: parts.positions,
    longest: numberOf(card, "longest"),
    begin: numberOf(card, "begin"),
    end: numberOf(card, "end"),
    encode: (ids) => readSource(parts, ids),
    decode: (ids, read, cache) => write(parts, ids, read, cache ?? EMPTY),
  };
}

function decoderLayerOf(tensors: Tensors, name: string, { D, heads, eps, rotary, activation }: Sizes): DecoderLayer {
  const normNamed = (part: string) => normOf(tensors, `${name}.${part}.norm`, D, eps);
  return {
    self: attentionOf(tensors, `${name}.self_attention`, D, heads, rotary),
    aroundSelf: normNamed("around_self"),
    cross: attentionOf(tensors, `${name}.cross_attention`, D, heads, null),
    aroundCross: normNamed("around_cross"),
    feedForward: feedForwardOf(tensors, `${name}.feed_forward`, D, activation),
    aroundFeedForward: normNamed("around_feed_forward"),
  };
}

function readSource({ encoder, decoder, embeddings, positions }: Parts, ids: Ids): Source {
  const { source } = embeddings;
  checkIds(ids, source.rows, positions);
  const reading = encode(embed(source, ids, Math.sqrt(source.cols)), encoder);
  return { ...reading, memories: decoder.map(({ cross }) => remember(lastOf(reading.hidden), cross)) };
}

function write({ decoder, embeddings, positions }: Parts, ids: Ids, { memories }: Source, before: Cache): Written {
  const { target } = embeddings;
  const start = before.length;
  checkIds(ids, target.rows, positions, start);
  const hidden = [embed(target, ids, Math.sqrt(target.cols))];
  const attention: HeadWeights[] = [];
  const cross: HeadWeights[] = [];
  const layers: Memory[] = [];
  for (const [i, layer] of decoder.entries()) {
    const own = addAndNorm(lastOf(hidden), layer.aroundSelf, false, (x) => {
      const memory = remember(x, layer.self, start, before.layers[i]);
      const { out, weights } = attend(x, memory, layer.self, { causal: true, start });
      layers.push(memory);
      attention.push(weights);
      return out;
    });
    const seen = addAndNorm(own, layer.aroundCross, false, (x) => {
      const { out, weights } = attend(x, memories[i]!, layer.cross);
      cross.push(weights);
      return out;
    });
    hidden.push(addAndNorm(seen, layer.aroundFeedForward, false, (x) => feedForward(x, layer.feedForward)));
  }
  const logits = linear(lastOf(hidden), { weight: target, bias: null });
  return { hidden, attention, cross, logits, cache: { length: start + ids.length, layers } };
}
