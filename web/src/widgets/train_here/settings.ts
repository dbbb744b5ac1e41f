// The controls of the run to come, each with the line of code it stands for.

import { h } from "../../controls/element";
import { type SliderView, slider } from "../../controls/slider";
import { setText } from "../../controls/write";
import { HEADS, LAST_SEED, LENGTHS, MOST_LAYERS, type Settings, type State, WIDTHS } from "./state";
import type { Trainer } from "./trainer";

const RATES = [1e-5, 1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 0.01, 0.02, 0.03, 0.05, 0.1, 0.3, 1, 10];
const STEPS = [100, 200, 500, 1000, 2000, 3000];
const STOPS: Partial<Record<keyof Settings, number[]>> = {
  lr: RATES,
  d_model: WIDTHS,
  n_heads: HEADS,
  length: LENGTHS,
  steps: STEPS,
};

/** The stop that stands for a value: its own, or the next above. */
function stopOf(stops: number[], value: number): number {
  const found = stops.findIndex((stop) => stop >= value);
  return found < 0 ? stops.length - 1 : found;
}

const stopped = (field: keyof Settings, value: number): Pick<SliderView, "range" | "value"> => {
  const stops = STOPS[field] ?? [];
  return { range: [0, stops.length - 1, 1], value: stopOf(stops, value) };
};

const VIEWS: Record<keyof Settings, (state: State) => SliderView> = {
  lr: ({ lr }) => ({ name: "Learning rate", ...stopped("lr", lr), text: String(lr), code: `TrainConfig(lr=${lr})` }),
  d_model: ({ d_model }) => ({
    name: "Width",
    ...stopped("d_model", d_model),
    text: String(d_model),
    code: `GPT(d_model=${d_model})  # d_ff = ${4 * d_model}`,
  }),
  n_heads: ({ n_heads, d_model }) => ({
    name: "Heads",
    ...stopped("n_heads", n_heads),
    text: String(n_heads),
    code: `GPT(n_heads=${n_heads})  # d_k = ${d_model / n_heads}`,
  }),
  n_layers: ({ n_layers }) => ({
    name: "Layers",
    range: [1, MOST_LAYERS, 1],
    value: n_layers,
    text: String(n_layers),
    code: `GPT(n_layers=${n_layers})`,
  }),
  length: ({ length }) => ({
    name: "Length",
    ...stopped("length", length),
    text: `${length} characters`,
    code: `GPT(max_len=${length})`,
  }),
  steps: ({ steps }) => ({
    name: "Steps",
    ...stopped("steps", steps),
    text: steps.toLocaleString("en"),
    code: `TrainConfig(steps=${steps})`,
  }),
  seed: ({ seed }) => ({
    name: "Seed of weights and batches",
    range: [0, seed > 20 ? LAST_SEED : 20, 1],
    value: seed,
    text: String(seed),
    code: `torch.manual_seed(${seed})  # and TrainConfig(seed=${seed})`,
  }),
};

const ORDER: (keyof Settings)[] = ["lr", "d_model", "n_heads", "n_layers", "length", "steps", "seed"];

export function settings(trainer: Trainer): HTMLElement {
  const parameters = h("p", { class: "parameters" });
  trainer.onUpdate(() => {
    const count = trainer.parameters;
    setText(parameters, count ? `${count.toLocaleString("en")} parameters` : "");
  });
  return h("div", {}, h("div", { class: "controls" }, ...ORDER.map((field) => control(trainer, field))), parameters);
}

function control(trainer: Trainer, field: keyof Settings): HTMLElement {
  const set = (value: number): void => trainer.change({ [field]: STOPS[field]?.[value] ?? value });
  const { element, update } = slider(set, trainer.signal);
  trainer.onUpdate(() => update(VIEWS[field](trainer.state)));
  return element;
}
