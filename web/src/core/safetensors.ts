// Weights as Python stores them: a file of the format safetensors, matrices in 8 bits with a scale for each row or all
// numbers in float16. Its twin in Python is llmbook.pretrained.recipe.

import { fromHalf } from "./float16";

export interface StoredTensor {
  shape: number[];
  data: Float32Array | Int8Array;
  /** Of a matrix in 8 bits: what the whole numbers of each row are multiplied by. */
  scale?: Float32Array;
}

/** A stored model: what is told of it, how text becomes ids, and its weights by name (a tied one under its first). */
export interface StoredWeights {
  card: Record<string, unknown>;
  tokenizer: unknown;
  tensors: Record<string, StoredTensor>;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [start: number, end: number];
}

const SCALE = ".scale";
const BYTES: Record<string, number> = { F16: 2, F32: 4, I8: 1 };

/** All tensors of a file. Throws where it is cut short, or holds another kind of numbers. */
export function readSafetensors(file: ArrayBuffer): Record<string, StoredTensor> {
  const { entries, start } = readHeader(file);
  const data = new Map(entries.map(([name, entry]) => [name, numbersOf(file, start, name, entry)]));
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, { shape }] of entries) {
    if (name.endsWith(SCALE)) continue;
    const scale = data.get(name + SCALE);
    tensors[name] = { shape, data: data.get(name)!, ...(scale instanceof Float32Array && { scale }) };
  }
  return tensors;
}

/** What the file says it holds, and where its numbers begin. */
function readHeader(file: ArrayBuffer): { entries: [string, Entry][]; start: number } {
  const length = file.byteLength < 8 ? Infinity : Number(new DataView(file).getBigUint64(0, true));
  if (length > file.byteLength - 8) throw new Error(`no weights: the file has only ${file.byteLength} bytes`);
  const header: Record<string, Entry> = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  return { entries: Object.entries(header).filter(([name]) => name !== "__metadata__"), start: 8 + length };
}

function numbersOf(file: ArrayBuffer, start: number, name: string, entry: Entry): Float32Array | Int8Array {
  const { dtype, shape, data_offsets: place } = entry;
  const size = shape.reduce((product, n) => product * n, 1);
  const bytes = BYTES[dtype];
  if (bytes === undefined) throw new Error(`${name} holds numbers of the kind ${dtype}, which are not read here`);
  const end = start + place[1];
  if (place[1] - place[0] !== size * bytes || end > file.byteLength)
    throw new Error(`the weights ${name} are cut short`);
  if (dtype === "I8") return new Int8Array(file, start + place[0], size);
  const view = new DataView(file, start + place[0], size * bytes);
  const read =
    dtype === "F16"
      ? (i: number) => fromHalf(view.getUint16(2 * i, true))
      : (i: number) => view.getFloat32(4 * i, true);
  return Float32Array.from({ length: size }, (_, i) => read(i));
}
