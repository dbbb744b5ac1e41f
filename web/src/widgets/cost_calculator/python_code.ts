// The state as the Python call that makes it: the preset that is nearest, and what differs from it.

import { NAMES, type Name } from "../../core/costs";
import type { CostCalculator } from "./lab";
import { literal } from "./names";

export function asCode({ state: set, source }: CostCalculator): string {
  const state = { ...set, active: Math.min(set.active, set.total) }; // a link or a kernel may have set more
  const differing = (name: string): Name[] => NAMES.filter((one) => source.presets[name]?.[one] !== state[one]);
  const [nearest = "laptop"] = Object.keys(source.presets).sort((a, b) => differing(a).length - differing(b).length);
  const settings = differing(nearest).map((name) => `${name}=${literal(name, state[name])}`);
  const call = `CostCalculator(${[`"${nearest}"`, ...settings].join(", ")})`;
  return `from llmbook.pages import CostCalculator\n\nlab = ${call}\nlab.costs`;
}
