// A state in an address, and back. Anybody can write an address: what does not fit is left out.

import { h } from "../../controls/element";
import { setAttribute } from "../../controls/write";
import { toWords } from "../../core/words";
import { writeTraits } from "../host";
import type { PositionLab } from "./lab";
import { changedSettings, OPENING } from "./python_code";
import { HEADS, KINDS, MOST_WORDS, PAIRINGS, type PositionModel, type State, VIEWS, WIDEST } from "./state";

export function queryOf(state: State): string {
  const settings = changedSettings(state).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams([["text", state.text], ...settings]).toString();
}

/** A link to this state, on a page whose address can hold it. */
export function stateLink(lab: PositionLab, address: string | undefined): HTMLElement[] {
  if (address === undefined) return [];
  const element = h("a", { class: "link" }, "Link to this state");
  lab.onUpdate(() => setAttribute(element, "href", `${address}${queryOf(lab.state)}`));
  return [element];
}

/** What the address does not name is as it is without settings, whatever the page opens with. */
export function restore(model: PositionModel, query: URLSearchParams): void {
  const { words } = toWords(query.get("text") ?? model.get("text"), MOST_WORDS);
  const text = words.join(" ");
  if (text) writeTraits(model, { ...OPENING, text, ...settingsOf(query, words.length) });
}

function settingsOf(query: URLSearchParams, T: number): Partial<State> {
  const out: Partial<State> = {};
  const set = <Name extends keyof State>(name: Name, value: State[Name] | undefined): void => {
    if (value !== undefined) out[name] = value;
  };
  set("kind", choice(query.get("kind"), KINDS));
  set("pairing", choice(query.get("pairing"), PAIRINGS));
  set("show", choice(query.get("show"), VIEWS));
  const base = Number(query.get("base"));
  set("base", base >= 2 && base <= 1e9 ? base : undefined);
  set("head", whole(query.get("head"), 0, HEADS));
  const d = whole(query.get("d"), 2, WIDEST + 1);
  set("d", d === undefined || d % 2 ? undefined : d);
  set("seed", whole(query.get("seed"), 0, 2 ** 31));
  set("causal", query.has("causal") ? query.get("causal") === "true" : undefined);
  set("row", whole(query.get("row"), 0, T));
  set("key", whole(query.get("key"), 0, T));
  set("swap", swapOf(query.get("swap"), T));
  return out;
}

function choice<Name extends string>(text: string | null, names: readonly Name[]): Name | undefined {
  return names.find((name) => name === text);
}

function whole(text: string | null, low: number, high: number): number | undefined {
  const value = Number(text);
  return text && Number.isInteger(value) && value >= low && value < high ? value : undefined;
}

function swapOf(text: string | null, T: number): number[] | undefined {
  const places = text?.split(",").map((place) => whole(place, 0, T)) ?? [];
  const [i, j] = places;
  return places.length === 2 && i !== undefined && j !== undefined && i !== j ? [i, j] : undefined;
}
