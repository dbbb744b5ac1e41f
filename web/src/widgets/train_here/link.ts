// A state in an address, and back.

import { tidy } from "../../core/training";
import { FEWEST } from "../../core/training/text";
import { defined, numberIn, oneOf, wholeIn } from "../../play/link";
import { stateLink } from "../../play/state_link";
import { FASTEST, HEADS, LAST_SEED, LENGTHS, MOST_LAYERS, MOST_STEPS, SLOWEST, type State, WIDTHS } from "./state";
import type { Trainer } from "./trainer";

const LONGEST = 2_000; // characters of a text that travels in an address

/** A long text does not travel. */
export function trainerLink(trainer: Trainer): HTMLElement[] {
  return stateLink("train_here", trainer, ({ text, ...rest }: State) => {
    const isLong = text !== null && [...text].length > LONGEST;
    return {
      text: isLong ? "Link to these settings, without your text" : "Link to this state",
      values: text === null || isLong ? rest : { ...rest, text },
    };
  });
}

/** What of a link's values is a state. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text } = values;
  const own = typeof text === "string" ? tidy(text).text : "";
  return defined<State>({
    text: [...own].length >= FEWEST ? own : undefined,
    lr: numberIn(values.lr, SLOWEST, FASTEST),
    d_model: oneOf(values.d_model, WIDTHS),
    n_heads: oneOf(values.n_heads, HEADS),
    n_layers: wholeIn(values.n_layers, 1, MOST_LAYERS),
    length: oneOf(values.length, LENGTHS),
    steps: wholeIn(values.steps, 1, MOST_STEPS),
    seed: wholeIn(values.seed, 0, LAST_SEED),
    place: wholeIn(values.place, 0, 50_000),
    layer: wholeIn(values.layer, 0, MOST_LAYERS - 1),
    head: wholeIn(values.head, 0, 3),
  });
}
