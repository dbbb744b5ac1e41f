// Two tasks of a model that continues a text: read it, and write on.

import { logitLens } from "../core/models/lens";
import type { Candidate } from "../core/models/likeliest";
import { lastOf } from "../core/models/reading";
import { distribution, draw, type Sampling } from "../core/models/sampling";
import { randomNumbers } from "../core/random";
import type { Reader } from "./reader";

/** A text as the model reads it. */
export interface Reading {
  text: string;
  /** The ids in sight, and how many before them are not. */
  ids: number[];
  unseen: number;
  /** Of what comes next. */
  logits: Float64Array;
  /** The likeliest next tokens, were each layer the last: of the embedding, then after each layer. */
  lens: Candidate[][];
  /** Where each layer's heads look from the last token: a row (ids in sight) for each head, (H, S) a layer. */
  looks: Float64Array[];
}

export interface WriteRequest {
  text: string;
  /** An id that is chosen already. */
  first: number | null;
  /** Ids to write in all; a character is always written to its end. */
  count: number;
  sampling: Sampling;
  seed: number;
}

const IN_LENS = 3;
const MOST_BYTES = 4; // of a character
const BROKEN = "\ufffd"; // what the bytes of half a character are read as

/** Null for a text without anything to read. Throws for a character that has no id. */
export function* read(reader: Reader, { text }: { text: string }): Generator<undefined, Reading | null> {
  const all = reader.model.tokenizer.encode(text);
  if (all.length === 0) return null;
  const ids = reader.windowOf(all);
  const logits = yield* reader.read(ids);
  return {
    text,
    ids,
    unseen: all.length - ids.length,
    logits: lastOf(logits),
    lens: logitLens(reader.model, reader.lastStates, 0, IN_LENS),
    looks: reader.lastLooks,
  };
}

/** The text, longer and longer. */
export function* write(reader: Reader, request: WriteRequest): Generator<string | undefined, string> {
  const { text, first, count, sampling, seed } = request;
  const { encode, decode } = reader.model.tokenizer;
  const random = randomNumbers(seed);
  const ids = encode(text);
  const added: number[] = [];
  const longer = (): string => text + decode(added);
  const isHalf = (): boolean => {
    const tail = added.slice(-MOST_BYTES);
    return decode(tail).endsWith(BROKEN) && added.length < count + MOST_BYTES;
  };
  while (added.length < count || isHalf()) {
    const next =
      first !== null && added.length === 0 ? first : yield* chosen(reader, [...ids, ...added], sampling, random);
    added.push(next);
    yield isHalf() ? undefined : longer();
  }
  return longer();
}

function* chosen(
  reader: Reader,
  ids: number[],
  sampling: Sampling,
  random: () => number,
): Generator<undefined, number> {
  const inSight = reader.windowOf(ids);
  const logits = yield* reader.read(inSight);
  return draw(distribution(lastOf(logits), sampling, inSight), random);
}
