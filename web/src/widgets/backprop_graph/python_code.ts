// The state as the Python call that makes it.

import { pythonLiteral } from "../../core/python";
import type { BackpropLab } from "./lab";

/** Names of another graph, and another graph's inputs, are left out. */
export function asCode({ state, reading: { graph } }: BackpropLab): string {
  const here = new Set(graph.map(({ name }) => name));
  const settings: Record<string, unknown> = { graph: state.graph, [state.graph]: state[state.graph] };
  if (state.graph === "chain") settings.n = state.n;
  if (state.checkpoints) {
    settings.checkpoints = true;
    settings.keep = state.keep.filter((name) => here.has(name));
  }
  settings.step = state.step;
  const given = Object.entries(settings).map(([name, value]) => `${name}=${literal(value)}`);
  const call = `BackpropGraph(${given.join(", ")})`;
  return `from llmbook.pages import BackpropGraph\n\nlab = ${call}\nlab.gradients, lab.peak, lab.recomputed`;
}

/** A list in brackets, since a tuple of one would need its comma. */
function literal(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(pythonLiteral).join(", ")}]` : pythonLiteral(value);
}
