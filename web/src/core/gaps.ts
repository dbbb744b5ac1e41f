// A sentence with gaps: its words, the places at which a model is asked, and which words it may see from there.
// The twin in Python is llmbook.pages.widgets.gap_filler.

import { splitWords } from "./models/tokenizers";

export const SIDES = ["both", "before", "after"] as const;
export type Side = (typeof SIDES)[number];

export const MOST_WORDS = 46; // with a sign at either end they fill the 48 places that the model knows
export const BLANK = "___"; // a gap of which nobody says what stood there

/** What a model is asked. */
export interface Gaps {
  text: string;
  /** Places of the sentence, from 0, that are hidden. */
  hidden: number[];
  /** What stands at a place instead of its own word; a place that is hidden, too, is hidden. */
  put: [place: number, word: string][];
  /** Which words are seen from a gap: those of both sides, or of one. */
  side: Side;
  /** How many of them on a side; null for all. */
  reach: number | null;
}

/** All words of a text, in lower case. */
export function allWords(text: string): string[] {
  return text.split(BLANK).flatMap((piece, i) => [...(i > 0 ? [BLANK] : []), ...splitWords(piece)]);
}

/** The sentence as the model sees it: at each place a word, or null where it is hidden. */
export function seenWords(words: readonly string[], { hidden, put }: Gaps): (string | null)[] {
  const instead = new Map(put);
  return words.map((word, place) => {
    if (hidden.includes(place)) return null;
    return instead.get(place) ?? (word === BLANK ? null : word);
  });
}

/** The places at which it is asked: where something is hidden, or was put. */
export function askedPlaces(words: readonly string[], { hidden, put }: Gaps): number[] {
  const asked = new Set([...hidden, ...put.map(([place]) => place)]);
  return [...words.keys()].filter((place) => asked.has(place) || words[place] === BLANK);
}

/** Of n positions, of which the first and the last are signs, those in sight from a gap. */
export function inSight(n: number, gap: number, { side, reach }: Gaps): number[] {
  const far = reach ?? n;
  const [left, right] = [side === "after" ? 0 : far, side === "before" ? 0 : far];
  const isNear = (position: number): boolean => gap - left <= position && position <= gap + right;
  return Array.from({ length: n }, (_, position) => position).filter(
    (position) => isNear(position) || position === 0 || position === n - 1,
  );
}
