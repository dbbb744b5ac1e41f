// The synchronised traits, as the Python class llmbook.pages.widgets.HeadExplorer declares them.

import { KINDS } from "../../core/head_scores";
import type { About } from "../../core/heads";
import type { Stored } from "../../play/parts";
import type { WidgetModel } from "../host";

export const AGAINST = ["nothing", "own", "kept"] as const;
export const MASKS = ["own", "none", "causal"] as const;
export const SCORES = ["none", ...KINDS] as const;
export const ORDERS = ["model", "score"] as const;
export const COLDEST = 0.05;
export const HOTTEST = 100;

export type Against = (typeof AGAINST)[number];
export type MaskName = (typeof MASKS)[number];
export type ScoreName = (typeof SCORES)[number];
export type Order = (typeof ORDERS)[number];

/** A prepared sentence, before its heads have come. */
export interface Prepared {
  name: string;
  model: string;
  text: string;
  heads: number;
  /** What is shown of it first. */
  head: string;
  row: number;
  key: number;
  stored: Stored;
}

export interface PreparedSource {
  kind: "prepared";
  sets: Prepared[];
  /** What Python has found for the state with which the widget was made. */
  opening: { of: State; words: string[]; weights: number[][] };
}

/** Queries (L, H, T, d_k) and keys (L, H_kv, T, d_k), float16 little-endian in base64. */
export interface TensorsSource extends About {
  kind: "tensors";
  q: string;
  k: string;
}

export type Source = PreparedSource | TensorsSource;

/** What the reader sets. */
export interface State {
  sentence: string;
  /** The heads whose mean is shown, as L16H0. */
  heads: string[];
  /** Heads set aside, to be subtracted. */
  kept: string[];
  against: Against;
  temperature: number;
  scaled: boolean;
  mask: MaskName;
  score: ScoreName;
  order: Order;
  /** The least score of a head that is shown. */
  least: number;
  /** The chosen query and key. */
  row: number;
  key: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type ExplorerModel = WidgetModel<Traits>;

export function readState(model: ExplorerModel): State {
  return {
    sentence: model.get("sentence"),
    heads: model.get("heads"),
    kept: model.get("kept"),
    against: model.get("against"),
    temperature: model.get("temperature"),
    scaled: model.get("scaled"),
    mask: model.get("mask"),
    score: model.get("score"),
    order: model.get("order"),
    least: model.get("least"),
    row: model.get("row"),
    key: model.get("key"),
  };
}

export const areAlike = (a: State, b: State): boolean =>
  (Object.keys(a) as (keyof State)[]).every((name) => String(a[name]) === String(b[name]));
