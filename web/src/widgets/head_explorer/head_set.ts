// The heads of one sentence: from a widget's tensors, or from the bytes that Python has packed (see its module head_set).

import { decodeFloat16, decodePlanes } from "../../core/float16";
import { type About, type HeadSet, headSet } from "../../core/heads";
import type { TensorsSource } from "./state";

export function fromTensors({ q, k, ...about }: TensorsSource): HeadSet {
  return headSet(about, decodeFloat16(q), decodeFloat16(k), { word: about.d_k, coordinate: 1 });
}

/** Throws where the bytes are none that Python has packed. */
export async function fromBytes(packed: Uint8Array<ArrayBuffer>): Promise<HeadSet> {
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(inflated).arrayBuffer());
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const about: About = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const T = about.words.length;
  const size = (heads: number): number => 2 * about.layers.length * heads * T * about.d_k;
  const middle = start + size(about.n_heads);
  const [q, k] = [bytes.subarray(start, middle), bytes.subarray(middle)];
  if (k.length !== size(about.n_kv_heads)) throw new Error("the heads are cut short");
  return headSet(about, decodePlanes(q), decodePlanes(k), { word: 1, coordinate: T });
}
