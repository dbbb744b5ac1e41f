// Byte pairs: the bytes of a text's words, merged in the order in which the merges were learned.

import type { Tokenizer } from "./tokenizers";

type Merge = readonly [a: number, b: number];

const WORDS =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const HALF = /\p{Surrogate}/u;

/** The bytes in the order of their ids: first those that can be printed, then the rest. */
function bytesInOrder(): number[] {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = [...Array(256).keys()];
  return [...bytes.filter(printable), ...bytes.filter((byte) => !printable(byte))];
}

const keyOf = (a: number, b: number): number => a * 0x100000 + b;

/** The bytes of each id, and for each pair its rank and what it becomes; two pairs may spell the same token. */
function learn(merges: readonly Merge[]): { vocab: number[][]; merged: Map<number, [rank: number, id: number]> } {
  const vocab = bytesInOrder().map((byte) => [byte]);
  const ids = new Map(vocab.map((piece, id) => [piece.join(), id]));
  const merged = new Map<number, [number, number]>();
  for (const [rank, [a, b]] of merges.entries()) {
    const [first, second] = [vocab[a], vocab[b]];
    if (!(first && second)) throw new Error(`merge ${rank} joins ids that are not there yet: ${a} and ${b}`);
    const piece = [...first, ...second];
    const id = ids.get(piece.join()) ?? vocab.push(piece) - 1;
    ids.set(piece.join(), id);
    merged.set(keyOf(a, b), [rank, id]);
  }
  return { vocab, merged };
}

/** The bytes as text; those that are no UTF-8 become U+FFFD, and no byte-order mark is lost. */
const textOf = (bytes: number[]): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));

function checkText(text: string): void {
  const place = text.search(HALF);
  if (place < 0) return;
  const code = text.charCodeAt(place).toString(16);
  throw new Error(
    `the text holds half of a surrogate pair, U+${code.toUpperCase()} at place ${place}, which is no character`,
  );
}

export function openBytePairs(merges: readonly Merge[]): Tokenizer {
  const { vocab, merged } = learn(merges);
  const byteIds = bytesInOrder().reduce<number[]>((ids, byte, id) => {
    ids[byte] = id;
    return ids;
  }, []);
  const utf8 = new TextEncoder();
  const pieceOf = (id: number): number[] => {
    const piece = vocab[id];
    if (!piece) throw new Error(`the id ${id} is outside the vocabulary of ${vocab.length}`);
    return piece;
  };
  return {
    size: vocab.length,
    encode: (text) => {
      checkText(text);
      return (text.match(WORDS) ?? []).flatMap((word) =>
        mergeWord(
          Array.from(utf8.encode(word), (byte) => byteIds[byte]!),
          merged,
        ),
      );
    },
    decode: (ids) => textOf(ids.flatMap(pieceOf)),
    name: (id) => {
      const piece = pieceOf(id);
      const text = textOf(piece);
      return text.includes("\ufffd") ? piece.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("") : text;
    },
  };
}

/** Of all neighbours that were ever merged, always merge those learned first. */
function mergeWord(bytes: number[], merged: Map<number, [rank: number, id: number]>): number[] {
  let ids = bytes;
  for (;;) {
    let best: [rank: number, id: number] = [Infinity, -1];
    for (let i = 1; i < ids.length; i++) {
      const found = merged.get(keyOf(ids[i - 1]!, ids[i]!));
      if (found && found[0] < best[0]) best = found;
    }
    if (best[0] === Infinity) return ids;
    ids = mergePair(ids, merged, best);
  }
}

/** Each occurrence of the pair of this rank, from left to right, replaced by the new id. */
function mergePair(
  ids: number[],
  merged: Map<number, [rank: number, id: number]>,
  [rank, id]: [number, number],
): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const isPair = i + 1 < ids.length && merged.get(keyOf(ids[i]!, ids[i + 1]!))?.[0] === rank;
    out.push(isPair ? id : ids[i]!);
    if (isPair) i++;
  }
  return out;
}
