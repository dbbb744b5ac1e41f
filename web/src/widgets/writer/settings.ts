// The controls of how the next token is drawn, each with the line of code it stands for, in the order in which they work.

import { h } from "../../controls/element";
import { type SliderView, slider } from "../../controls/slider";
import { fixed } from "../../core/format";
import type { Desk } from "./desk";
import { HARSHEST, HOTTEST, type State } from "./state";

const STOPS = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500]; // of top-k; behind the last, all

export function settings(desk: Desk): HTMLElement {
  return h(
    "div",
    { class: "controls" },
    setting(desk, penaltyView, (penalty) => ({ penalty })),
    setting(desk, temperatureView, (temperature) => ({ temperature })),
    setting(desk, topKView, (stop) => ({ top_k: STOPS[stop] ?? null })),
    setting(desk, topPView, (top_p) => ({ top_p })),
    setting(desk, minPView, (min_p) => ({ min_p })),
  );
}

/** The choice of one head, whose weights are shown. */
export function headSettings(desk: Desk): HTMLElement[] {
  const { layers, heads } = desk.traits.get("stored");
  return [
    setting(desk, headView("layer", layers), (layer) => ({ layer })),
    setting(desk, headView("head", heads), (head) => ({ head })),
  ];
}

function headView(name: "layer" | "head", n: number): (state: State) => SliderView {
  return (state) => ({
    name: name === "layer" ? "Layer" : "Head",
    range: [0, n - 1, 1],
    value: state[name],
    text: `${state[name]}, counted from 0`,
    code:
      name === "layer"
        ? `q, k, v = model.blocks[${state.layer}].attention.split_heads(model.blocks[${state.layer}].norm_1(x))`
        : `attention_weights(q[:, ${state.head}, -1:], k[:, ${state.head}])`,
  });
}

function setting(
  desk: Desk,
  view: (state: State) => SliderView,
  changes: (value: number) => Partial<State>,
): HTMLElement {
  const { element, update } = slider((value) => desk.change(changes(value)), desk.signal);
  desk.onUpdate(() => update(view(desk.state)));
  return element;
}

function temperatureView({ temperature: value }: State): SliderView {
  const text = value === 0 ? "0: the likeliest" : fixed(value);
  const code = value === 0 ? "token = logits.argmax()" : `logits = logits / ${value}`;
  return { name: "Temperature", range: [0, HOTTEST, 0.05], value, text, code };
}

function topKView({ top_k }: State): SliderView {
  const stop = top_k === null ? STOPS.length : STOPS.findIndex((k) => k >= top_k);
  return {
    name: "Top-k",
    range: [0, STOPS.length, 1],
    value: stop < 0 ? STOPS.length : stop,
    text: top_k === null ? "all" : `the ${top_k} likeliest`,
    code: top_k === null ? "" : `logits[logits < logits.sort().values[-${top_k}:][0]] = -torch.inf`,
  };
}

function topPView({ top_p: value }: State): SliderView {
  const text = value === 1 ? "all" : `the first to reach ${fixed(value)}`;
  const code =
    value === 1
      ? ""
      : `z, i = logits.sort(descending=True); p = z.softmax(-1); logits[i[p.cumsum(-1) - p >= ${value}]] = -torch.inf`;
  return { name: "Top-p", range: [0.05, 1, 0.05], value, text, code };
}

function minPView({ min_p: value }: State): SliderView {
  const text = value === 0 ? "all" : `${fixed(value)} of the likeliest’s chance`;
  const code = value === 0 ? "" : `p = logits.softmax(-1); logits[p < ${value} * p.max()] = -torch.inf`;
  return { name: "Min-p", range: [0, 1, 0.02], value, text, code };
}

function penaltyView({ penalty: value }: State): SliderView {
  const text = value === 1 ? "none" : fixed(value);
  const code =
    value === 1 ? "" : `said = logits[ids]; logits[ids] = torch.where(said > 0, said / ${value}, said * ${value})`;
  return { name: "Penalty for repeating", range: [1, HARSHEST, 0.05], value, text, code };
}
