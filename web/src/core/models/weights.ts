// Stored tensors made ready for computing: each matrix in float32, every size checked.

import type { StoredTensor } from "../safetensors";

export type Tensors = Record<string, StoredTensor>;

/** A matrix of weights, row-major; a linear layer has one row for each output. */
export interface Weight {
  rows: number;
  cols: number;
  data: Float32Array;
}

/** x Wᵀ + b. */
export interface Linear {
  weight: Weight;
  bias: Float32Array | null;
}

/** Without a shift it is RMS norm. */
export interface Norm {
  gain: Float32Array;
  shift: Float32Array | null;
  eps: number;
}

function find(tensors: Tensors, name: string, axes: number): StoredTensor {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (!tensor) throw new Error(`the weights ${name} are missing`);
  if (tensor.shape.length !== axes)
    throw new Error(`the weights ${name} have ${tensor.shape.length} axes, not ${axes}`);
  return tensor;
}

function checkSize(name: string, size: number, expected: number | undefined): void {
  if (expected !== undefined && size !== expected) throw new Error(`${name} has size ${size}, not ${expected}`);
}

export function vectorOf(tensors: Tensors, name: string, size?: number): Float32Array {
  const { data } = find(tensors, name, 1);
  checkSize(name, data.length, size);
  return Float32Array.from(data);
}

/** The matrix of this name: of 8 bits, whole numbers times their row's scale, which float32 holds exactly. */
export function matrixOf(tensors: Tensors, name: string, cols?: number, rows?: number): Weight {
  const { shape, data, scale } = find(tensors, name, 2);
  const weight = { rows: shape[0]!, cols: shape[1]!, data: Float32Array.from(data) };
  checkSize(`a row of ${name}`, weight.cols, cols);
  checkSize(`a column of ${name}`, weight.rows, rows);
  if (scale) checkSize(`the scale of ${name}`, scale.length, weight.rows);
  else if (data instanceof Int8Array) throw new Error(`the weights ${name} have no scale`);
  for (let i = 0; scale && i < weight.data.length; i++) {
    weight.data[i]! *= scale[Math.floor(i / weight.cols)]!;
  }
  return weight;
}

export function linearOf(tensors: Tensors, name: string, inputs?: number, outputs?: number): Linear {
  const weight = matrixOf(tensors, `${name}.weight`, inputs, outputs);
  const bias = `${name}.bias`;
  return { weight, bias: Object.hasOwn(tensors, bias) ? vectorOf(tensors, bias, weight.rows) : null };
}

/** Some of a layer's outputs as a layer of their own, without a copy. */
export function outputsOf({ weight: { cols, data }, bias }: Linear, start: number, end: number): Linear {
  const weight = { rows: end - start, cols, data: data.subarray(start * cols, end * cols) };
  return { weight, bias: bias?.subarray(start, end) ?? null };
}

export function normOf(tensors: Tensors, name: string, size: number, eps: number): Norm {
  const gain = vectorOf(tensors, `${name}.weight`, size);
  const shift = `${name}.bias`;
  return { gain, shift: Object.hasOwn(tensors, shift) ? vectorOf(tensors, shift, size) : null, eps };
}
