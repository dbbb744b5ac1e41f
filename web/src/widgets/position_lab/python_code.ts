// The state as the Python call that makes it.

import { pythonList, pythonLiteral } from "../../core/python";
import type { State } from "./state";

/** What a laboratory has that is given only words. */
const OPENING: Omit<State, "text"> = {
  kind: "none",
  base: 10_000,
  pairing: "interleaved",
  head: 2,
  d: 16,
  seed: 0,
  causal: false,
  swap: [],
  show: "before",
  row: 0,
  key: 0,
};

/** The settings that are not as they would be without them. */
function changedSettings(state: State): [name: keyof State, value: unknown][] {
  const names = Object.keys(OPENING) as (keyof typeof OPENING)[];
  return names.filter((name) => String(state[name]) !== String(OPENING[name])).map((name) => [name, state[name]]);
}

export function asCode(state: State): string {
  const settings = changedSettings(state).map(([name, value]) => {
    return `${name}=${Array.isArray(value) ? pythonList(value) : pythonLiteral(value)}`;
  });
  const call = `PositionLab(${[pythonLiteral(state.text), ...settings].join(", ")})`;
  return `from llmbook.pages import PositionLab\n\nlab = ${call}\nlab.weights, lab.change`;
}
