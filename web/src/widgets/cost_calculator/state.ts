// The synchronised traits, as the Python class llmbook.pages.widgets.CostCalculator declares them.

import { NAMES, type Name, type Numbers } from "../../core/costs";
import type { WidgetModel } from "../host";

export const BITS = [32, 16, 8, 4] as const;
export const WHOLE: readonly Name[] = ["bits", "batch", "read", "written", "devices", "months"];
export const OWN = "mine";

export interface Source {
  presets: Record<string, Numbers>;
  titles: Record<string, string>;
  limits: Record<Name, readonly [low: number, high: number]>;
}

/** What the reader sets. */
export type State = Numbers;

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type CalculatorModel = WidgetModel<Traits>;

export function readState(model: CalculatorModel): State {
  return Object.fromEntries(NAMES.map((name) => [name, model.get(name)])) as State;
}

export const areEqual = (one: Numbers, other: Numbers): boolean => NAMES.every((name) => one[name] === other[name]);

/** What a preset, or what is none, is called. */
export const titleOf = ({ titles }: Source, name: string): string => titles[name] ?? name;

/** The preset whose model a measured machine is given. */
export function laptopOf({ presets }: Source): Numbers {
  const found = Object.entries(presets).find(([name]) => name === "laptop");
  if (!found) throw new Error("there is no laptop among the presets");
  return found[1];
}

/** Whose numbers these are. */
export function presetOf({ presets }: Source, numbers: Numbers): string {
  return Object.entries(presets).find(([, own]) => areEqual(own, numbers))?.[0] ?? OWN;
}
