// The layers of an encoder: every position looks at every other. BERT and the translator read with it.

import { type AttentionLayer, attend, attentionOf, remember } from "./attention";
import { type Activation, addAndNorm, type FeedForward, feedForward } from "./layers";
import { lastOf, type Reading } from "./reading";
import { linearOf, type Norm, normOf, type Tensors } from "./weights";

export interface Sizes {
  D: number;
  heads: number;
  layers: number;
  eps: number;
  rotary: number | null;
  activation: Activation;
}

export interface EncoderLayer {
  attention: AttentionLayer;
  aroundAttention: Norm;
  feedForward: FeedForward;
  aroundFeedForward: Norm;
}

export function feedForwardOf(tensors: Tensors, name: string, D: number, activation: Activation): FeedForward {
  const w1 = linearOf(tensors, `${name}.w_1`, D);
  return { w1, w2: linearOf(tensors, `${name}.w_2`, undefined, D), activation };
}

export function encoderOf(
  tensors: Tensors,
  name: string,
  { D, heads, layers, eps, rotary, activation }: Sizes,
): EncoderLayer[] {
  return Array.from({ length: layers }, (_, i) => {
    const layer = `${name}.layers.${i}`;
    return {
      attention: attentionOf(tensors, `${layer}.self_attention`, D, heads, rotary),
      aroundAttention: normOf(tensors, `${layer}.around_attention.norm`, D, eps),
      feedForward: feedForwardOf(tensors, `${layer}.feed_forward`, D, activation),
      aroundFeedForward: normOf(tensors, `${layer}.around_feed_forward.norm`, D, eps),
    };
  });
}

/** From what the first layer reads, (T, D), to what each layer makes of it; post-norm, as in 2017. */
export function encode(input: Float64Array, layers: EncoderLayer[]): Reading {
  const reading: Reading = { hidden: [input], attention: [] };
  for (const layer of layers) {
    const seen = addAndNorm(lastOf(reading.hidden), layer.aroundAttention, false, (x) => {
      const { out, weights } = attend(x, remember(x, layer.attention), layer.attention);
      reading.attention.push(weights);
      return out;
    });
    const step = (x: Float64Array) => feedForward(x, layer.feedForward);
    reading.hidden.push(addAndNorm(seen, layer.aroundFeedForward, false, step));
  }
  return reading;
}
