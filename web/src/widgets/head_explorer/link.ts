// A state in an address, and back. Anybody can write an address: what cannot be is left out.

import { h } from "../../controls/element";
import { setAttribute } from "../../controls/write";
import { linkOf } from "../../play/link";
import type { Explorer } from "./explorer";
import { AGAINST, COLDEST, HOTTEST, MASKS, ORDERS, SCORES, type State } from "./state";

const LABEL = /^L\d{1,4}H\d{1,4}$/;
const MOST = 512; // heads
const FARTHEST = 64; // words

/** A link to this state; a notebook's address is its own. */
export function stateLink(explorer: Explorer): HTMLElement[] {
  if (explorer.inNotebook) return [];
  const element = h("a", { class: "link" }, "Link to this state");
  explorer.onUpdate(() => setAttribute(element, "href", linkOf("head_explorer", { ...explorer.state })));
  return [element];
}

/** What of a link's values is a state. A head or a word that is not there is no matter: see the explorer. */
export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { sentence, scaled } = values;
  const found = {
    sentence: typeof sentence === "string" && /^[\w-]{0,40}$/.test(sentence) ? sentence : undefined,
    heads: labels(values.heads, 1),
    kept: labels(values.kept, 0),
    against: choice(values.against, AGAINST),
    temperature: number(values.temperature, COLDEST, HOTTEST),
    scaled: typeof scaled === "boolean" ? scaled : undefined,
    mask: choice(values.mask, MASKS),
    score: choice(values.score, SCORES),
    order: choice(values.order, ORDERS),
    least: number(values.least, -1, 1),
    row: place(values.row),
    key: place(values.key),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function choice<Name extends string>(value: unknown, names: readonly Name[]): Name | undefined {
  return names.find((name) => name === value);
}

function number(value: unknown, low: number, high: number): number | undefined {
  return typeof value === "number" && value >= low && value <= high ? value : undefined;
}

function place(value: unknown): number | undefined {
  return Number.isInteger(value) ? number(value, 0, FARTHEST - 1) : undefined;
}

function labels(value: unknown, least: number): string[] | undefined {
  if (!Array.isArray(value) || value.length < least || value.length > MOST) return undefined;
  return value.every((label) => typeof label === "string" && LABEL.test(label)) ? value : undefined;
}
