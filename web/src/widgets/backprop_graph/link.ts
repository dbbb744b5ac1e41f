// What of an address is a state.

import { booleanIn, defined, numberIn, oneOf, wholeIn } from "../../play/link";
import { FARTHEST, FEWEST_STEPS, GRAPHS, MOST_EVENTS, MOST_KEPT, MOST_STEPS, type State } from "./state";

const NAME = /^(?:[pzamer]|e[123]|s[23]|l|x(?:[1-9]|1[0-5]))$/; // of a value that can be kept

export function fromLink(values: Record<string, unknown>): Partial<State> {
  return defined<State>({
    graph: oneOf(values.graph, GRAPHS),
    neuron: numbersIn(values.neuron, 4),
    softmax: numbersIn(values.softmax, 3),
    chain: numbersIn(values.chain, 2),
    n: wholeIn(values.n, FEWEST_STEPS, MOST_STEPS),
    checkpoints: booleanIn(values.checkpoints),
    keep: namesIn(values.keep),
    step: wholeIn(values.step, 0, MOST_EVENTS),
  });
}

function numbersIn(value: unknown, count: number): number[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined;
  const found = value.map((one: unknown) => numberIn(one, -FARTHEST, FARTHEST));
  return found.every((one) => one !== undefined) ? found : undefined;
}

function namesIn(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_KEPT) return undefined;
  const found = value.filter((one): one is string => typeof one === "string" && NAME.test(one));
  return found.length === value.length ? found : undefined;
}
