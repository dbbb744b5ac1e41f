// What of an address is a state.

import { NAMES, type Name } from "../../core/costs";
import { defined, numberIn, oneOf, wholeIn } from "../../play/link";
import { RANGES } from "./ranges";
import { BITS, type State, WHOLE } from "./state";

export function fromLink(values: Record<string, unknown>): Partial<State> {
  const found = NAMES.map((name) => [name, numberOf(name, values[name])]);
  return defined<State>(Object.fromEntries(found));
}

function numberOf(name: Name, value: unknown): number | undefined {
  const [low, high] = RANGES[name];
  if (name === "bits") return oneOf(value, BITS);
  return WHOLE.includes(name) ? wholeIn(value, low, high) : numberIn(value, low, high);
}
