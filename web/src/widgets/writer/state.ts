// The writer's synchronised traits, as the Python class llmbook.pages.widgets.Writer declares them.

import type { Sampling } from "../../core/models/sampling";
import { wellFormed } from "../../core/words";
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

/** What of a link's values is a state: each is looked at, and left out where it cannot be. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text, temperature, top_k, top_p, min_p, penalty, layer, head } = values;
  const isBetween = (value: unknown, low: number, high: number): value is number =>
    typeof value === "number" && value >= low && value <= high;
  const isWhole = (value: unknown, low: number): value is number =>
    Number.isSafeInteger(value) && isBetween(value, low, MOST);
  return {
    ...(typeof text === "string" && { text: wellFormed(text.slice(0, MOST_CHARACTERS)) }),
    ...(isBetween(temperature, 0, HOTTEST) && { temperature }),
    ...((top_k === null || isWhole(top_k, 1)) && { top_k }),
    ...(isBetween(top_p, 0, 1) && top_p > 0 && { top_p }),
    ...(isBetween(min_p, 0, 1) && { min_p }),
    ...(isBetween(penalty, 1, HARSHEST) && { penalty }),
    ...(isWhole(layer, 0) && { layer }),
    ...(isWhole(head, 0) && { head }),
  };
}
