// Vectors for any words a reader types: known words from a lexicon, others from a hash of their letters.
// The twin in Python is llmbook.pages.widgets.words; nothing here is learned.

export const MAX_WORDS = 16;
export const MAX_LETTERS = 16;
const SPACES = /[ \t\n\r\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** The text with U+FFFD for each half of a surrogate pair. */
export function wellFormed(text: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

/** Cut a text into so many words of at most 16 characters; the notice says what was cut. */
export function toWords(text: string, most = MAX_WORDS): { words: string[]; notice: string } {
  const all = wellFormed(text)
    .split(SPACES)
    .filter((word) => word !== "");
  const words = all.slice(0, most).map((word) => [...word].slice(0, MAX_LETTERS).join(""));
  return { words, notice: noticeOf(all, words, most) };
}

function noticeOf(all: string[], words: string[], most: number): string {
  const notes: string[] = [];
  const shortened = words.filter((word, i) => word !== all[i]).length;
  if (all.length > most) notes.push(`only the first ${most} of ${all.length} words are used`);
  if (shortened) notes.push(`${shortened} shortened to ${MAX_LETTERS} characters`);
  if (!all.length) notes.push("type at least one word");
  return notes.join("; ");
}

/** FNV-1a, 32 bits, over the word's UTF-8 bytes (by Fowler, Noll and Vo). */
export function hash(word: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(word)) {
    h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  }
  return h;
}

type Lexicon = Record<string, number[]>;

export const lowered = (word: string): string => word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The words, each once, that the lexicon does not have. */
export function unknownAmong(words: string[], lexicon: Lexicon): string[] {
  return [...new Set(words)].filter((word) => !Object.hasOwn(lexicon, lowered(word)));
}

/** The word's vector: from the lexicon, else three multiples of ½ between 0 and 2 taken from the hash. */
export function embed(word: string, lexicon: Lexicon): number[] {
  const lower = lowered(word);
  if (Object.hasOwn(lexicon, lower)) return lexicon[lower]!;
  const h = hash(lower);
  return [0, 8, 16].map((shift) => (((h >>> shift) & 0xff) % 5) / 2);
}
