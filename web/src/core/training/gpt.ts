// The causal language model that is trained here, forward and back: llmbook.models.GPT, window by window.

import { attention, softmax } from "./attention";
import { gelu, layerNorm, linear, type Passed, plus } from "./layers";
import type { Block, Parts, Sizes } from "./parameters";
import { addSum, dots, rowsOf } from "./products";

interface Through extends Passed {
  weights: Float64Array;
}

/** x ← x + Attention(Norm(x)),  x ← x + FFN(Norm(x)). Back: the sum hands its gradient to both of its terms. */
function passBlock(x: Float64Array, block: Block, { width, heads }: Sizes): Through {
  const first = layerNorm(x, block.norm1);
  const qkv = linear(first.y, block.qkv);
  const attended = attention(qkv.y, width, heads);
  const out = linear(attended.y, block.out);
  const middle = plus(x, out.y);

  const second = layerNorm(middle, block.norm2);
  const wide = linear(second.y, block.wide);
  const bent = gelu(wide.y);
  const narrow = linear(bent.y, block.narrow);

  const back = (dy: Float64Array): Float64Array => {
    const dMiddle = plus(dy, second.back(wide.back(bent.back(narrow.back(dy)))));
    return plus(dMiddle, first.back(qkv.back(attended.back(out.back(dMiddle)))));
  };
  return { y: plus(middle, narrow.y), weights: attended.weights, back };
}

/** x_t = E[id_t] + P[t]. Back: dE[id_t] += dx_t,  dP[t] += dx_t. */
function embed(ids: readonly number[], { embedding, table }: Parts): Passed {
  const D = embedding.cols;
  const y = new Float64Array(ids.length * D);
  for (const [t, id] of ids.entries()) {
    for (let i = 0; i < D; i++) y[t * D + i] = embedding.value[id * D + i]! + table.value[t * D + i]!;
  }
  const back = (dy: Float64Array): Float64Array => {
    for (const [t, id] of ids.entries()) {
      for (let i = 0; i < D; i++) {
        embedding.gradient[id * D + i]! += dy[t * D + i]!;
        table.gradient[t * D + i]! += dy[t * D + i]!;
      }
    }
    return dy;
  };
  return { y, back };
}

interface Predicted extends Passed {
  /** log p, kept apart: where p is too small for a number its logarithm is none too small. */
  logP: Float64Array;
}

/** p = softmax(x Eᵀ), of each position over the vocabulary. Back, from dlogits: dx = dlogits E,  dE += dlogitsᵀ x. */
function predict(x: Float64Array, { embedding }: Parts): Predicted {
  const { rows: V, cols: D, value: E, gradient: dE } = embedding;
  const T = x.length / D;
  const y = new Float64Array(T * V);
  const logP = new Float64Array(T * V);
  for (let t = 0; t < T; t++) {
    dots(D, V, rowsOf(x, D, t * D), rowsOf(E, D), rowsOf(y, 1, t * V));
    const row = y.subarray(t * V, (t + 1) * V);
    logP.set(row, t * V);
    const total = softmax(row, 1);
    for (let v = 0; v < V; v++) logP[t * V + v]! -= total;
  }
  const back = (dLogits: Float64Array): Float64Array => {
    const dx = new Float64Array(x.length);
    for (let t = 0; t < T; t++) addSum(D, V, rowsOf(dLogits, 1, t * V), rowsOf(E, D), rowsOf(dx, D, t * D));
    for (let v = 0; v < V; v++) addSum(D, T, rowsOf(dLogits, V, v), rowsOf(x, D), rowsOf(dE, D, v * D));
    return dx;
  };
  return { y, logP, back };
}

export interface Read {
  /** The probabilities of what follows each of the ids, and their logarithms: (T, n_vocab). */
  p: Float64Array;
  logP: Float64Array;
  /** What each layer's heads look at: (H, T, T). */
  weights: Float64Array[];
  back(dLogits: Float64Array): void;
}

/** Read a window of ids, at most as many as there are positions. */
export function readWindow(ids: readonly number[], parts: Parts, sizes: Sizes): Read {
  const embedded = embed(ids, parts);
  const passed: Through[] = [];
  let x = embedded.y;
  for (const block of parts.blocks) {
    passed.push(passBlock(x, block, sizes));
    x = passed[passed.length - 1]!.y;
  }
  const last = layerNorm(x, parts.norm);
  const predicted = predict(last.y, parts);
  const back = (dLogits: Float64Array): void => {
    let dx = last.back(predicted.back(dLogits));
    for (const block of [...passed].reverse()) dx = block.back(dx);
    embedded.back(dx);
  };
  return { p: predicted.y, logP: predicted.logP, weights: passed.map(({ weights }) => weights), back };
}

/** L = −mean_t log p_t[y_t], the mean surprise at what really came next, in nats. */
export function lossOf({ logP }: Read, targets: readonly number[]): number {
  const V = logP.length / targets.length;
  return targets.reduce((sum, y, t) => sum - logP[t * V + y]!, 0) / targets.length;
}

/** Add up the gradients of `share` times the loss of a window and of what follows each of its ids; the loss itself. */
export function learnWindow(window: readonly number[], share: number, parts: Parts, sizes: Sizes): number {
  const targets = window.slice(1);
  const read = readWindow(window.slice(0, -1), parts, sizes);
  const loss = lossOf(read, targets);

  // dL/dlogits = (p − 1[v = y]) / T
  const V = sizes.vocab;
  const dLogits = read.p.map((p) => (share * p) / targets.length);
  for (const [t, y] of targets.entries()) dLogits[t * V + y]! -= share / targets.length;
  read.back(dLogits);
  return loss;
}
