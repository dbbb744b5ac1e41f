// The laboratory's synchronised traits, as the Python class llmbook.pages.widgets.AttentionLab declares them.

import type { WidgetModel } from "../host";

/** A sentence whose words all have vectors made by hand; the reason is that of the query `row`. */
export interface Sentence {
  name: string;
  text: string;
  row: number;
  reason: string;
}

/** Words whose vectors come from a lexicon or, failing that, from a hash of their letters. */
export interface WordsSource {
  kind: "words";
  sentences: Sentence[];
  lexicon: Record<string, number[]>;
  w_q: number[][];
  w_k: number[][];
  w_v: number[][];
}

/** Any tensors of a model: q (heads, T, d_k), k (heads, S, d_k), v (heads, S, d_v), float16 little-endian in base64. */
export interface TensorsSource {
  kind: "tensors";
  tokens: string[];
  key_tokens: string[];
  heads: (number | string)[];
  width: number;
  value_width: number;
  q: string;
  k: string;
  v: string;
  may_attend: number[][] | null;
}

export type Source = WordsSource | TensorsSource;
export type MatrixName = "q" | "k" | "v";
export type MaskName = "none" | "causal" | "padding" | "window";
export type Edit = [matrix: MatrixName, head: number, row: number, column: number, value: number];

/** What the reader sets. */
export interface State {
  text: string;
  temperature: number;
  scaled: boolean;
  d_k: number;
  mask: MaskName;
  n_keys: number;
  window: number;
  /** Cells (query, key) masked by hand. */
  blocked: [number, number][];
  /** Entries of Q, K and V set by hand. */
  edits: Edit[];
  head: number;
  /** The selected query. */
  row: number;
  /** The selected key. */
  key: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type LabModel = WidgetModel<Traits>;

export function readState(model: LabModel): State {
  return {
    text: model.get("text"),
    temperature: model.get("temperature"),
    scaled: model.get("scaled"),
    d_k: model.get("d_k"),
    mask: model.get("mask"),
    n_keys: model.get("n_keys"),
    window: model.get("window"),
    blocked: model.get("blocked"),
    edits: model.get("edits"),
    head: model.get("head"),
    row: model.get("row"),
    key: model.get("key"),
  };
}
