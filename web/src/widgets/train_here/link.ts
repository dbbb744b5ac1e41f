// A state in an address, and back. Anybody can write an address: what cannot be is left out.

import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { tidy } from "../../core/training";
import { FEWEST } from "../../core/training/text";
import { linkOf } from "../../play/link";
import {
  FASTEST,
  HEADS,
  LAST_SEED,
  LENGTHS,
  MOST_LAYERS,
  MOST_STEPS,
  type Settings,
  SLOWEST,
  type State,
  WIDTHS,
} from "./state";
import type { Trainer } from "./trainer";

const LONGEST = 2_000; // characters of a text that travels in an address

/** A link to this state; a notebook's address is its own. */
export function stateLink(trainer: Trainer): HTMLElement[] {
  if (trainer.inNotebook) return [];
  const element = h("a", { class: "link" });
  let known: unknown[] = [];
  trainer.onUpdate(() => {
    const { state } = trainer;
    const now = Object.values(state);
    if (now.every((value, i) => value === known[i])) return;
    known = now;
    const { text, ...rest } = state;
    const isLong = text !== null && [...text].length > LONGEST;
    setAttribute(element, "href", linkOf("train_here", text === null || isLong ? rest : { ...rest, text }));
    setText(element, isLong ? "Link to these settings, without your text" : "Link to this state");
  });
  return [element];
}

const among = (value: unknown, allowed: readonly number[]): number | undefined => allowed.find((one) => one === value);

function whole(value: unknown, low: number, high: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? value : undefined;
}

/** What of a link's values is a state. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text, lr } = values;
  const found: Partial<Record<keyof Settings | "place" | "layer" | "head", number | undefined>> = {
    lr: typeof lr === "number" && lr >= SLOWEST && lr <= FASTEST ? lr : undefined,
    d_model: among(values.d_model, WIDTHS),
    n_heads: among(values.n_heads, HEADS),
    n_layers: whole(values.n_layers, 1, MOST_LAYERS),
    length: among(values.length, LENGTHS),
    steps: whole(values.steps, 1, MOST_STEPS),
    seed: whole(values.seed, 0, LAST_SEED),
    place: whole(values.place, 0, 50_000),
    layer: whole(values.layer, 0, MOST_LAYERS - 1),
    head: whole(values.head, 0, 3),
  };
  const numbers = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  const own = typeof text === "string" ? tidy(text).text : "";
  return { ...numbers, ...([...own].length >= FEWEST && { text: own }) };
}
