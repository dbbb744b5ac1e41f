// What was found for a text, as the sections look at it; until the model has come, what Python found for the opening.

import { decodeFloat16 } from "../../core/float16";
import { largestFirst } from "../../core/models/likeliest";
import type { Found, FoundText } from "../../play/translating";
import type { About, State } from "./state";

export interface Candidate {
  token: string;
  chance: number;
}

/** Python's opening, if it is of this text and this width. */
export function openingOf({ opening }: About, { text, width }: State): Found | null {
  if (!("texts" in opening) || opening.text !== text || opening.width !== width) return null;
  const texts = opening.texts.map(({ chances, cross, ...more }) => {
    return { ...more, chances: Float64Array.from(chances), cross: decodeFloat16(cross) };
  });
  return { text, width, texts, held: opening.held };
}

/** The characters of ids; the last is the end's name, where the decoder came to one. */
export const tokensOf = (ids: number[], { writes }: About): string[] => ids.map((id) => writes[id] ?? "");

/** The text of ids: without the end. */
export function textOf(ids: number[], about: About): string {
  return tokensOf(ids, about)
    .filter((token) => [...token].length === 1)
    .join("");
}

/** The likeliest at place t. */
export function alternativesAt({ chances }: FoundText, t: number, { writes }: About, most: number): Candidate[] {
  const row = chances.subarray(t * writes.length, (t + 1) * writes.length);
  return largestFirst(row)
    .slice(0, most)
    .map((id) => ({ token: writes[id] ?? "", chance: row[id] ?? 0 }));
}

/** The weights (T, S) of the layer and the head that are looked at, or the mean. */
export function weightsOf({ ids, cross }: FoundText, { layers, heads }: About, { layer, head }: State): Float64Array {
  const cells = cross.length / (layers * heads);
  const looked = Array.from({ length: layers * heads }, (_, i) => i).filter(
    (i) => (layer === null || layer === Math.floor(i / heads)) && (head === null || head === i % heads),
  );
  const sum = new Float64Array(ids.length && cells);
  for (const i of looked) for (let j = 0; j < cells; j++) sum[j] = (sum[j] ?? 0) + (cross[i * cells + j] ?? 0);
  return sum.map((weight) => weight / looked.length);
}

/** Where row t is largest. */
export function largestAt(weights: Float64Array, t: number, width: number): number {
  const row = weights.subarray(t * width, (t + 1) * width);
  return row.indexOf(Math.max(...row));
}
