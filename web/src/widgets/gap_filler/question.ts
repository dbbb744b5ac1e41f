// A question: a sentence, one word of which is hidden, and the sentence as the reader is asked about it.

import { BLANK } from "../../core/gaps";
import { splitWords } from "../../core/models/tokenizers";

export interface Question {
  text: string;
  /** The sentence with a gap. */
  asked: string;
  place: number;
  truth: string;
}

/** One word, drawn, of a sentence that is not the last one; signs are no question. */
export function hideOne(sentences: string[], last: string, random: () => number): Question {
  const draw = <Item>(items: Item[]): Item | undefined => items[Math.floor(random() * items.length)];
  const text = draw(sentences.filter((sentence) => sentence !== last)) ?? "";
  const words = splitWords(text);
  const place = draw([...words.keys()].filter((at) => /[a-z]/.test(words[at] ?? ""))) ?? 0;
  const truth = words[place] ?? "";
  const start = startOf(text, words, place);
  return { text, asked: text.slice(0, start) + BLANK + text.slice(start + truth.length), place, truth };
}

function startOf(text: string, words: string[], place: number): number {
  const lower = text.toLowerCase();
  let end = 0;
  for (const word of words.slice(0, place)) end = lower.indexOf(word, end) + word.length;
  return lower.indexOf(words[place] ?? "", end);
}
