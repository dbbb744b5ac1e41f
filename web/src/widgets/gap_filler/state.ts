// The synchronised traits, as the Python class llmbook.pages.widgets.GapFiller declares them.

import { type Gaps, MOST_WORDS, SIDES } from "../../core/gaps";
import { splitWords } from "../../core/models/tokenizers";
import { wellFormed } from "../../core/words";
import type { Filled, Gap } from "../../play/filling";
import type { Stored } from "../../play/parts";
import type { WidgetModel } from "../host";

/** What Python has found for the state with which the widget was made: it is shown until the model has come. */
export interface Opening extends Omit<Filled, "gaps"> {
  of: Gaps;
  gaps: Omit<Gap, "looks">[];
  /** What the model is, by its card. */
  about: string;
  /** Held-out sentences to choose from, and to be asked about. */
  sentences: string[];
}

export type Traits = { stored: Stored; opening: Opening } & { [Name in keyof Gaps]: Gaps[Name] };
export type GapModel = WidgetModel<Traits>;

export const MOST_CHARACTERS = 2000;

export function readState(model: GapModel): Gaps {
  return {
    text: model.get("text"),
    hidden: model.get("hidden"),
    put: model.get("put"),
    side: model.get("side"),
    reach: model.get("reach"),
  };
}

export const areAlike = (a: Gaps, b: Gaps): boolean => keyOf(a) === keyOf(b);

const keyOf = ({ text, hidden, put, side, reach }: Gaps): string => JSON.stringify([text, hidden, put, side, reach]);

/** The one word of a text; null where there is none, or there are more. */
export function oneWord(text: string): string | null {
  const [word, ...more] = splitWords(wellFormed(text.slice(0, MOST_CHARACTERS)));
  return word === undefined || more.length > 0 ? null : word;
}

/** What of a link's values is a state: each is looked at, and left out where it cannot be. */
export function fromLink({ text, hidden, put, side, reach }: Record<string, unknown>): Partial<Gaps> {
  const known = SIDES.find((name) => name === side);
  return {
    ...(typeof text === "string" && { text: wellFormed(text.slice(0, MOST_CHARACTERS)) }),
    ...(Array.isArray(hidden) && hidden.every(isPlace) && { hidden: sorted(hidden) }),
    ...(Array.isArray(put) && { put: put.flatMap(pairOf) }),
    ...(known && { side: known }),
    ...((reach === null || isWhole(reach)) && { reach }),
  };
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isPlace = (value: unknown): value is number => isWhole(value) && value < MOST_WORDS;

export const sorted = (places: readonly number[]): number[] => [...new Set(places)].sort((a, b) => a - b);

function pairOf(value: unknown): Gaps["put"] {
  const [place, text] = Array.isArray(value) ? value : [];
  const word = typeof text === "string" ? oneWord(text) : null;
  return isPlace(place) && word !== null ? [[place, word]] : [];
}
