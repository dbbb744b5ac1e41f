// The reader's text as ids, in two parts: what is learned from, and its end, which is held out. The twin in Python is
// llmbook.pages.widgets.small_run.

import { wellFormed } from "../words";

export const FEWEST = 300; // characters
export const MOST = 50_000;
export const MOST_SYMBOLS = 300;
const LONGEST_TAIL = 2_000;
const OTHER = "\ufffd"; // stands for the rarest where there are too many different ones

export interface Prepared {
  /** Each different character, in the order of Unicode; its place is its id. */
  letters: string[];
  train: number[];
  heldOut: number[];
  /** How many different characters stand for themselves no more. */
  merged: number;
}

/** The text as it is kept: whole characters, line breaks as one character, at most 50,000. */
export function tidy(text: string): { text: string; cut: number } {
  // No more is looked at than can be kept: a character has at most two units, a line break too.
  const whole = wellFormed(text.slice(0, 4 * MOST)).replace(/\r\n?/g, "\n");
  const letters = [...whole];
  if (letters.length <= MOST && text.length <= 4 * MOST) return { text: whole, cut: 0 };
  return { text: letters.slice(0, MOST).join(""), cut: text.length };
}

/** How many characters at the end are held out. */
export const tailOf = (count: number, length: number): number =>
  Math.max(length + 1, Math.min(LONGEST_TAIL, Math.floor(count / 10)));

/** Both parts. Throws for a text that is too short, or of one character alone. */
export function prepare(text: string, length: number): Prepared {
  const characters = [...text];
  if (characters.length < FEWEST)
    throw new Error(`the text has ${characters.length} characters; there must be at least ${FEWEST} to learn from`);
  const known = commonest(characters);
  const kept = known ? characters.map((letter) => (known.has(letter) ? letter : OTHER)) : characters;
  const letters = [...new Set(kept)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (letters.length < 2)
    throw new Error("the text is one character, again and again; two different ones are needed to learn which comes");
  const ids = new Map(letters.map((letter, i) => [letter, i]));
  const all = kept.map((letter) => ids.get(letter)!);
  const tail = tailOf(all.length, length);
  const merged = known ? new Set(characters).size - known.size : 0;
  return { letters, train: all.slice(0, -tail), heldOut: all.slice(-tail), merged };
}

/** The most frequent characters, of those equally frequent the first in Unicode; null where there are not too many. */
function commonest(characters: string[]): Set<string> | null {
  const counts = new Map<string, number>();
  for (const letter of characters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  if (counts.size <= MOST_SYMBOLS) return null;
  const order = [...counts].sort(([a, n], [b, m]) => m - n || a.codePointAt(0)! - b.codePointAt(0)!);
  return new Set(order.slice(0, MOST_SYMBOLS - 1).map(([letter]) => letter));
}

/** Where windows of a text begin, one behind the other; what does not fill one is left out. */
export function windowsOf(ids: readonly number[], length: number): number[][] {
  const count = Math.floor((ids.length - 1) / length);
  return Array.from({ length: count }, (_, i) => ids.slice(i * length, (i + 1) * length + 1));
}
