// A stored model's bytes: n (4 bytes, little-endian), n bytes of JSON with card and tokenizer, the safetensors file.

import { readSafetensors, type StoredWeights } from "../core/safetensors";

export function unpack(bytes: Uint8Array<ArrayBuffer>): StoredWeights {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...head, tensors: readSafetensors(bytes.slice(4 + length).buffer) };
}
