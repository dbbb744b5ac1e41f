// What of an address is a state.

import { toWords } from "../../core/words";
import { booleanIn, defined, numberIn, oneOf, wholeIn } from "../../play/link";
import { HEADS, KINDS, MOST_WORDS, PAIRINGS, type State, VIEWS, WIDEST } from "./state";

/** What of a link's values is a state. A word that the sentence does not reach is no matter: see the laboratory. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text } = values;
  const { words } = toWords(typeof text === "string" ? text : "", MOST_WORDS);
  return defined<State>({
    text: words.join(" ") || undefined,
    kind: oneOf(values.kind, KINDS),
    base: numberIn(values.base, 2, 1e9),
    pairing: oneOf(values.pairing, PAIRINGS),
    head: wholeIn(values.head, 0, HEADS - 1),
    d: Number(values.d) % 2 ? undefined : wholeIn(values.d, 2, WIDEST),
    seed: wholeIn(values.seed, 0, 2 ** 31 - 1),
    causal: booleanIn(values.causal),
    swap: swapOf(values.swap),
    show: oneOf(values.show, VIEWS),
    row: wholeIn(values.row, 0, MOST_WORDS - 1),
    key: wholeIn(values.key, 0, MOST_WORDS - 1),
  });
}

/** No two places, or two that differ. */
function swapOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [i, j] = value.map((place) => wholeIn(place, 0, MOST_WORDS - 1));
  if (value.length === 0) return [];
  return value.length === 2 && i !== undefined && j !== undefined && i !== j ? [i, j] : undefined;
}
