// The synchronised traits, as the Python class llmbook.pages.widgets.PositionLab declares them.

import type { WidgetModel } from "../host";

export const KINDS = ["none", "sinusoidal", "learned", "rotary", "alibi"] as const;
export const PAIRINGS = ["interleaved", "half", "mixed"] as const;
export const VIEWS = ["before", "after", "change"] as const;
export const MOST_WORDS = 24;
export const HEADS = 8;
export const WIDEST = 32;

export type Kind = (typeof KINDS)[number];
export type PairingName = (typeof PAIRINGS)[number];
export type View = (typeof VIEWS)[number];

export interface Source {
  /** Places 0 to 63 of a learned table, 32 coordinates each, float16 little-endian in base64. */
  learned: string;
}

/** What the reader sets. */
export interface State {
  text: string;
  kind: Kind;
  /** Of sinusoidal and rotary positions. */
  base: number;
  /** Of rotary ones; "mixed" is a mistake. */
  pairing: PairingName;
  /** Which of ALiBi's slopes. */
  head: number;
  /** The width of words, queries and keys. */
  d: number;
  seed: number;
  causal: boolean;
  /** The two places whose words are exchanged, or none. */
  swap: number[];
  /** What the map shows. */
  show: View;
  /** The chosen query and key, as places of the sentence before the swap. */
  row: number;
  key: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type PositionModel = WidgetModel<Traits>;

export function readState(model: PositionModel): State {
  return {
    text: model.get("text"),
    kind: model.get("kind"),
    base: model.get("base"),
    pairing: model.get("pairing"),
    head: model.get("head"),
    d: model.get("d"),
    seed: model.get("seed"),
    causal: model.get("causal"),
    swap: model.get("swap"),
    show: model.get("show"),
    row: model.get("row"),
    key: model.get("key"),
  };
}
