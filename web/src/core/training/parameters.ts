// What is trained: the parameters of llmbook.models.GPT by their names, drawn as PyTorch draws them.

import { Generator } from "./torch_random";

export interface Sizes {
  /** n_vocab, how many different characters there are. */
  vocab: number;
  /** D, a multiple of the heads. */
  width: number;
  heads: number;
  layers: number;
  /** The longest piece of text, in characters. */
  length: number;
}

/** A matrix (rows × cols), or a vector of one row. */
export interface Parameter {
  name: string;
  rows: number;
  cols: number;
  value: Float64Array;
  /** dL/dvalue, added up until it is used. */
  gradient: Float64Array;
  /** Matrices decay, biases and gains do not. */
  decays: boolean;
}

export interface Linear {
  weight: Parameter;
  bias: Parameter;
}

export interface Norm {
  gain: Parameter;
  shift: Parameter;
}

export interface Block {
  norm1: Norm;
  qkv: Linear;
  out: Linear;
  norm2: Norm;
  wide: Linear;
  narrow: Linear;
}

export interface Parts {
  embedding: Parameter;
  table: Parameter;
  blocks: Block[];
  norm: Norm;
}

const WIDER = 4; // F / D

/** How many numbers are trained. */
export function countParameters({ vocab, width: D, layers, length }: Sizes): number {
  const perBlock = (3 * D + D + 2 * WIDER * D) * D + (3 * D + D + WIDER * D + D) + 4 * D;
  return (vocab + length) * D + layers * perBlock + 2 * D;
}

function parameter(name: string, rows: number, cols: number, fill = 0): Parameter {
  const value = new Float64Array(rows * cols).fill(fill);
  return { name, rows, cols, value, gradient: new Float64Array(rows * cols), decays: rows > 1 };
}

const linear = (name: string, inputs: number, outputs: number): Linear => ({
  weight: parameter(`${name}.weight`, outputs, inputs),
  bias: parameter(`${name}.bias`, 1, outputs),
});

const norm = (name: string, width: number): Norm => ({
  gain: parameter(`${name}.weight`, 1, width, 1),
  shift: parameter(`${name}.bias`, 1, width),
});

const block = (name: string, D: number): Block => ({
  norm1: norm(`${name}.norm_1`, D),
  qkv: linear(`${name}.attention.w_qkv`, D, 3 * D),
  out: linear(`${name}.attention.w_o`, D, D),
  norm2: norm(`${name}.norm_2`, D),
  wide: linear(`${name}.feed_forward.w_1`, D, WIDER * D),
  narrow: linear(`${name}.feed_forward.w_2`, WIDER * D, D),
});

/** All parameters, untrained: matrices drawn after torch.manual_seed(seed), in PyTorch's order. */
export function makeParts(sizes: Sizes, seed: number): Parts {
  const { vocab, width, layers, length } = sizes;
  const parts = {
    embedding: parameter("embedding.weight", vocab, width),
    table: parameter("positions.added.table", length, width),
    blocks: Array.from({ length: layers }, (_, i) => block(`blocks.${i}`, width)),
    norm: norm("norm", width),
  };
  const generator = new Generator(seed);
  for (const { value, decays } of listParameters(parts)) {
    for (let i = 0; decays && i < value.length; i++) value[i] = generator.weight();
  }
  return parts;
}

/** In the order of model.parameters(). */
export function listParameters({ embedding, table, blocks, norm: last }: Parts): Parameter[] {
  const ofNorm = ({ gain, shift }: Norm): Parameter[] => [gain, shift];
  const ofLinear = ({ weight, bias }: Linear): Parameter[] => [weight, bias];
  const ofBlock = ({ norm1, norm2, qkv, out, wide, narrow }: Block): Parameter[] => [
    ...ofNorm(norm1),
    ...ofNorm(norm2),
    ...[qkv, out, wide, narrow].flatMap(ofLinear),
  ];
  return [embedding, table, ...blocks.flatMap(ofBlock), ...ofNorm(last)];
}
