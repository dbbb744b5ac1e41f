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
}

/** What Python has found for the state with which the widget was made: it is shown until the model has come. */
export interface Opening {
  of: State;
  rows: [piece: string, chance: number, now: number][];
}

export type Traits = { stored: Stored; opening: Opening } & { [Name in keyof State]: State[Name] };
export type WriterModel = WidgetModel<Traits>;

export const MOST_CHARACTERS = 20_000;
export const HOTTEST = 2;

export function readState(model: WriterModel): State {
  return {
    text: model.get("text"),
    temperature: model.get("temperature"),
    top_k: model.get("top_k"),
    top_p: model.get("top_p"),
  };
}

/** Write some traits and send them to Python, if there is one. */
export function writeState(model: WriterModel, changes: Partial<State>): void {
  for (const [name, value] of Object.entries(changes)) model.set(name as keyof State, value);
  model.save_changes();
}

/** The settings as the engine calls them. */
export function samplingOf({ temperature, top_k, top_p }: State): Sampling {
  return { temperature, topP: top_p, ...(top_k !== null && { topK: top_k }) };
}

export const areAlike = (a: State, b: State): boolean =>
  a.text === b.text && a.temperature === b.temperature && a.top_k === b.top_k && a.top_p === b.top_p;

/** What of a link's values is a state: each is looked at, and left out where it cannot be. */
export function fromLink({ text, temperature, top_k, top_p }: Record<string, unknown>): Partial<State> {
  const isBetween = (value: unknown, low: number, high: number): value is number =>
    typeof value === "number" && value >= low && value <= high;
  return {
    ...(typeof text === "string" && { text: wellFormed(text.slice(0, MOST_CHARACTERS)) }),
    ...(isBetween(temperature, 0, HOTTEST) && { temperature }),
    ...((top_k === null || (Number.isSafeInteger(top_k) && isBetween(top_k, 1, Infinity))) && { top_k }),
    ...(isBetween(top_p, 0, 1) && top_p > 0 && { top_p }),
  };
}
