// A state in an address, and back. Anybody can write an address: what cannot be is left out.

import { h } from "../../controls/element";
import { setAttribute } from "../../controls/write";
import { toWords } from "../../core/words";
import { linkOf } from "../../play/link";
import type { PositionLab } from "./lab";
import { HEADS, KINDS, MOST_WORDS, PAIRINGS, type State, VIEWS, WIDEST } from "./state";

/** A link to this state; a notebook's address is its own. */
export function stateLink(lab: PositionLab): HTMLElement[] {
  if (lab.inNotebook) return [];
  const element = h("a", { class: "link" }, "Link to this state");
  lab.onUpdate(() => setAttribute(element, "href", linkOf("position_lab", { ...lab.state })));
  return [element];
}

/** What of a link's values is a state. A word that the sentence does not reach is no matter: see the laboratory. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { text, base, causal, d } = values;
  const out: Partial<State> = {};
  const set = <Name extends keyof State>(name: Name, value: State[Name] | undefined): void => {
    if (value !== undefined) out[name] = value;
  };
  const { words } = toWords(typeof text === "string" ? text : "", MOST_WORDS);
  set("text", words.join(" ") || undefined);
  set("kind", choice(values.kind, KINDS));
  set("base", typeof base === "number" && base >= 2 && base <= 1e9 ? base : undefined);
  set("pairing", choice(values.pairing, PAIRINGS));
  set("head", whole(values.head, 0, HEADS));
  set("d", Number(d) % 2 ? undefined : whole(d, 2, WIDEST + 1));
  set("seed", whole(values.seed, 0, 2 ** 31));
  set("causal", typeof causal === "boolean" ? causal : undefined);
  set("swap", swapOf(values.swap));
  set("show", choice(values.show, VIEWS));
  set("row", whole(values.row, 0, MOST_WORDS));
  set("key", whole(values.key, 0, MOST_WORDS));
  return out;
}

function choice<Name extends string>(value: unknown, names: readonly Name[]): Name | undefined {
  return names.find((name) => name === value);
}

function whole(value: unknown, low: number, high: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= low && value < high ? value : undefined;
}

/** No two places, or two that differ. */
function swapOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [i, j] = value.map((place) => whole(place, 0, MOST_WORDS));
  if (value.length === 0) return [];
  return value.length === 2 && i !== undefined && j !== undefined && i !== j ? [i, j] : undefined;
}
