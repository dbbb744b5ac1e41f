// What of an address is a state.

import { booleanIn, defined, numberIn, oneOf, wholeIn } from "../../play/link";
import { AGAINST, COLDEST, HOTTEST, MASKS, ORDERS, SCORES, type State } from "./state";

const LABEL = /^L\d{1,4}H\d{1,4}$/;
const MOST = 512; // heads
const FARTHEST = 63; // of words

/** What of a link's values is a state. A head or a word that is not there is no matter: see the explorer. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { sentence } = values;
  return defined<State>({
    sentence: typeof sentence === "string" && /^[\w-]{0,40}$/.test(sentence) ? sentence : undefined,
    heads: labels(values.heads, 1),
    kept: labels(values.kept, 0),
    against: oneOf(values.against, AGAINST),
    temperature: numberIn(values.temperature, COLDEST, HOTTEST),
    scaled: booleanIn(values.scaled),
    mask: oneOf(values.mask, MASKS),
    score: oneOf(values.score, SCORES),
    order: oneOf(values.order, ORDERS),
    least: numberIn(values.least, -1, 1),
    row: wholeIn(values.row, 0, FARTHEST),
    key: wholeIn(values.key, 0, FARTHEST),
  });
}

function labels(value: unknown, least: number): string[] | undefined {
  if (!Array.isArray(value) || value.length < least || value.length > MOST) return undefined;
  return value.every((label) => typeof label === "string" && LABEL.test(label)) ? value : undefined;
}
