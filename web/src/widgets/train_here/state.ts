// The synchronised traits, as the Python class llmbook.pages.widgets.TrainHere declares them.

import type { WidgetModel } from "../host";

export const WIDTHS = [8, 16, 24, 32, 48];
export const HEADS = [1, 2, 4];
export const LENGTHS = [8, 16, 32, 64];
export const MOST_LAYERS = 2;
export const LAST_SEED = 999;
export const MOST_STEPS = 3000;
export const SLOWEST = 1e-5;
export const FASTEST = 10;
export const BATCH = 8; // windows a step
export const EVERY = 25; // steps between two looks at the held-out text
export const PIECE = 16; // characters whose attention is shown

/** What the reader sets. */
export interface State {
  /** Null for the book's own. */
  text: string | null;
  lr: number;
  d_model: number;
  n_heads: number;
  n_layers: number;
  /** The longest piece that the model reads. */
  length: number;
  steps: number;
  seed: number;
  /** What is looked at while it learns: a piece of the text, and by whom. */
  place: number;
  layer: number;
  head: number;
}

/** What a run depends on. */
export type Settings = Omit<State, "text" | "place" | "layer" | "head">;

/** What has come of it, for Python to read. */
export interface Results {
  step: number;
  losses: number[];
  held_out: [step: number, loss: number][];
}

export type Traits = { source: { text: string } } & { [Name in keyof State]: State[Name] } & {
  [Name in keyof Results]: Results[Name];
};
export type TrainModel = WidgetModel<Traits>;

export function readState(model: TrainModel): State {
  return {
    text: model.get("text"),
    lr: model.get("lr"),
    d_model: model.get("d_model"),
    n_heads: model.get("n_heads"),
    n_layers: model.get("n_layers"),
    length: model.get("length"),
    steps: model.get("steps"),
    seed: model.get("seed"),
    place: model.get("place"),
    layer: model.get("layer"),
    head: model.get("head"),
  };
}

export const settingsOf = ({ lr, d_model, n_heads, n_layers, length, steps, seed }: State): Settings => ({
  lr,
  d_model,
  n_heads,
  n_layers,
  length,
  steps,
  seed,
});

/** What each setting is called. */
export const NAMES: Record<keyof Settings, string> = {
  lr: "learning rate",
  d_model: "width",
  n_heads: "heads",
  n_layers: "layers",
  length: "length",
  steps: "steps",
  seed: "seed",
};

/** In what two runs differ, in words; the first is the older. */
export function differences(a: Settings, b: Settings): string[] {
  const names = Object.keys(NAMES) as (keyof Settings)[];
  return names.filter((name) => a[name] !== b[name]).map((name) => `${NAMES[name]} ${a[name]} → ${b[name]}`);
}
