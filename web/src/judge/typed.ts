// What a reader has typed, once it is read: nothing yet, words, numbers, or a list of such things.

import { type Numbers, stack } from "./numbers";

export interface Parts {
  tuple: boolean; // in round brackets, or in none
  parts: Typed[];
}

export type Typed = null | string | Numbers | Parts;

export const isParts = (typed: Typed): typed is Parts =>
  typed !== null && typeof typed !== "string" && "parts" in typed;

/** Numbers in any of their forms; null for what is not made of numbers of one shape. */
export function asNumbers(typed: Typed): Numbers | null {
  if (typed === null || typeof typed === "string") return null;
  if (!isParts(typed)) return typed;
  const parts = typed.parts.map(asNumbers);
  const numbers = parts.filter((part) => part !== null);
  return numbers.length === parts.length ? stack(numbers) : null;
}

/** Whether nothing stands there yet, in no place of a list either. */
export function isBlank(typed: Typed): boolean {
  return isParts(typed) ? typed.parts.length > 0 && typed.parts.every(isBlank) : typed === null;
}

/** Which part of a list is not there yet, if one is not. */
export function missingPart(typed: Typed): string | null {
  if (!isParts(typed)) return null;
  const missing = typed.parts.findIndex((part) => isBlank(part) || missingPart(part) !== null);
  return missing < 0 ? null : `part ${missing + 1} of ${typed.parts.length} is still missing.`;
}
