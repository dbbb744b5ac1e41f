// The translator's synchronised traits, as the Python class llmbook.pages.widgets.Translator declares them.

import { wellFormed } from "../../core/words";
import { booleanIn, defined, wholeIn } from "../../play/link";
import type { Stored } from "../../play/parts";
import type { WidgetModel } from "../host";
import type { Dates } from "./dates";

/** What is known before the model has come. */
export interface About {
  stored: Stored;
  /** The characters that the model can read. */
  reads: string;
  /** What each id is that it writes. */
  writes: string[];
  /** The most characters that it reads, and those that it writes. */
  positions: number;
  longest: number;
  layers: number;
  heads: number;
  examples: [name: string, text: string][];
  dates: Dates;
  opening: Opening | Record<string, never>;
}

/** What Python has found for the text and the width with which the widget was made; the weights are float16 in base64. */
export interface Opening {
  text: string;
  width: number;
  texts: { ids: number[]; score: number; chances: number[]; cross: string }[];
  held: { ids: number[]; total: number }[][];
}

/** What the reader sets. */
export interface State {
  text: string;
  /** Beams of the search; one takes the likeliest character after the other. */
  width: number;
  /** Which of the texts found is looked at, best first. */
  beam: number;
  /** The character that is being written, from 0; the last where there are fewer. */
  step: number;
  /** From 0; null for the mean of all. */
  layer: number | null;
  head: number | null;
  /** The character that is read, from 0; the last where there are fewer. */
  key: number;
  /** Whether the true alignment is drawn. */
  framed: boolean;
}

export type Traits = { source: About } & { [Name in keyof State]: State[Name] };
export type TranslatorTraits = WidgetModel<Traits>;

export const MOST_CHARACTERS = 200;
export const WIDEST = 4;
export const LAST_STEP = 19;
export const LAYERS = 2;
export const HEADS = 4;
const LAST_KEY = 31;

export function readState(model: TranslatorTraits): State {
  return {
    text: model.get("text"),
    width: model.get("width"),
    beam: model.get("beam"),
    step: model.get("step"),
    layer: model.get("layer"),
    head: model.get("head"),
    key: model.get("key"),
    framed: model.get("framed"),
  };
}

/** What of a link's values is a state. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text, layer, head } = values;
  return defined<State>({
    text: typeof text === "string" ? wellFormed(text.slice(0, MOST_CHARACTERS)) : undefined,
    width: wholeIn(values.width, 1, WIDEST),
    beam: wholeIn(values.beam, 0, WIDEST - 1),
    step: wholeIn(values.step, 0, LAST_STEP),
    layer: layer === null ? null : wholeIn(layer, 0, LAYERS - 1),
    head: head === null ? null : wholeIn(head, 0, HEADS - 1),
    key: wholeIn(values.key, 0, LAST_KEY),
    framed: booleanIn(values.framed),
  });
}
