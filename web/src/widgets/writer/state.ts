// The writer's synchronised traits, as the Python class llmbook.pages.widgets.Writer declares them.

import type { Sampling } from "../../core/models/sampling";
import { wellFormed } from "../../core/words";
import { defined, numberIn, wholeIn } from "../../play/link";
import type { Stored } from "../../play/parts";
import type { WidgetModel } from "../host";

/** What the reader sets. */
export interface State {
  text: string;
  /** 0 takes the likeliest. */
  temperature: number;
  /** Null for all. */
  top_k: number | null;
  top_p: number;
  /** Those at least so many times as likely as the likeliest stay. */
  min_p: number;
  /** What the logits of tokens in sight are divided by, or multiplied where they are negative. */
  penalty: number;
  /** Whose weights are shown. */
  layer: number;
  head: number;
}

/** What is known of the model before it comes. */
export interface StoredGpt extends Stored {
  layers: number;
  heads: number;
}

/** What Python has found for the state with which the widget was made: it is shown until the model has come. */
export interface Opening {
  of: State;
  rows: [piece: string, chance: number, now: number][];
}

/** `counts` are those of n-grams of the model's tokens; null where nobody has counted. */
export type Traits = { stored: StoredGpt; counts: Stored | null; opening: Opening } & {
  [Name in keyof State]: State[Name];
};
export type WriterModel = WidgetModel<Traits>;

export const MOST_CHARACTERS = 20_000;
export const HOTTEST = 2;
export const HARSHEST = 2; // penalty
const MOST = 2 ** 31 - 1; // of a whole number, as Python takes it

/** A layer and a head that the model does not have are its last. */
export function readState(model: WriterModel): State {
  const { layers, heads } = model.get("stored");
  return {
    text: model.get("text"),
    temperature: model.get("temperature"),
    top_k: model.get("top_k"),
    top_p: model.get("top_p"),
    min_p: model.get("min_p"),
    penalty: model.get("penalty"),
    layer: Math.min(model.get("layer"), layers - 1),
    head: Math.min(model.get("head"), heads - 1),
  };
}

/** The settings as the engine calls them. */
export function samplingOf({ temperature, top_k, top_p, min_p, penalty }: State): Sampling {
  return { temperature, topP: top_p, minP: min_p, repetition: penalty, ...(top_k !== null && { topK: top_k }) };
}

/** Whether the same may come next. */
export function areAlike(a: State, b: State): boolean {
  const names = ["text", "temperature", "top_k", "top_p", "min_p", "penalty"] as const;
  return names.every((name) => a[name] === b[name]);
}

/** What of a link's values is a state. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text, top_k, top_p } = values;
  return defined<State>({
    text: typeof text === "string" ? wellFormed(text.slice(0, MOST_CHARACTERS)) : undefined,
    temperature: numberIn(values.temperature, 0, HOTTEST),
    top_k: top_k === null ? null : wholeIn(top_k, 1, MOST),
    top_p: top_p === 0 ? undefined : numberIn(top_p, 0, 1),
    min_p: numberIn(values.min_p, 0, 1),
    penalty: numberIn(values.penalty, 1, HARSHEST),
    layer: wholeIn(values.layer, 0, MOST),
    head: wholeIn(values.head, 0, MOST),
  });
}
