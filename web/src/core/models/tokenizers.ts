// How text becomes ids: by characters, by words, by byte pairs. Twins: llmbook.data.tokenizers and data.byte_pairs.

import { openBytePairs } from "./byte_pairs";

export interface Tokenizer {
  size: number;
  /** The ids of a text. Throws, naming it, for a character that has none. */
  encode: (text: string) => number[];
  /** The text of ids. Throws for one outside the vocabulary. */
  decode: (ids: readonly number[]) => string;
  /** What a single id is shown as: a special has its name, and bytes that are no text are \x.. each. */
  name: (id: number) => string;
}

/** Words in lower case, and the ids of BERT's five specials, which stand before them. */
export interface WordTokenizer extends Tokenizer {
  split: (text: string) => string[];
}

export const BERT_IDS = { pad: 0, cls: 1, sep: 2, mask: 3, unknown: 4 };

const BLANK = "\\p{White_Space}\\x1c-\\x1f"; // what Python's str.isspace accepts
const WORD = new RegExp(`[a-z]+|[0-9]+|[^${BLANK}a-z0-9]`, "gu");

/** The symbol of each id; throws for an id that has none. */
export function symbolOf<Symbol>(symbols: readonly Symbol[], id: number): Symbol {
  const symbol = symbols[id];
  if (symbol === undefined) throw new Error(`the id ${id} is outside the vocabulary of ${symbols.length}`);
  return symbol;
}

function openCharacters(letters: string, specials: string[]): Tokenizer {
  const symbols = [...specials, ...letters];
  const ids = new Map([...letters].map((letter, i) => [letter, specials.length + i]));
  const name = (id: number) => symbolOf(symbols, id);
  return {
    size: symbols.length,
    encode: (text) =>
      [...text].map((letter) => {
        const id = ids.get(letter);
        if (id === undefined) throw new Error(`the model does not know the character ${JSON.stringify(letter)}`);
        return id;
      }),
    decode: (given) => {
      const names = given.map(name);
      return names.filter((_, i) => given[i]! >= specials.length).join("");
    },
    name,
  };
}

/** The words, numbers and signs of a text, in lower case. */
export const splitWords = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

function openWords(symbols: string[]): WordTokenizer {
  const ids = new Map(symbols.map((symbol, i) => [symbol, i]));
  const name = (id: number) => symbolOf(symbols, id);
  return {
    size: symbols.length,
    split: splitWords,
    encode: (text) => splitWords(text).map((word) => ids.get(word) ?? BERT_IDS.unknown),
    decode: (given) => given.map(name).join(" "),
    name,
  };
}

type Description =
  | { kind: "characters"; letters: string; specials: string[] }
  | { kind: "words"; symbols: string[] }
  | { kind: "byte-pairs"; merges: [number, number][] };

/** The tokenizer that llmbook.pages.engine has described. */
export function openTokenizer(description: unknown): Tokenizer {
  const given = description as Description;
  if (given.kind === "characters") return openCharacters(given.letters, given.specials);
  if (given.kind === "byte-pairs") return openBytePairs(given.merges);
  return openWordTokenizer(description);
}

export function openWordTokenizer(description: unknown): WordTokenizer {
  const given = description as Description;
  if (given.kind !== "words") throw new Error(`a tokenizer of the kind ${given.kind}`);
  return openWords(given.symbols);
}
