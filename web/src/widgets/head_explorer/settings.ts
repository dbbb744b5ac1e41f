// What is done to all heads: temperature, scale and mask, each with the line of code it stands for.

import { checkbox } from "../../controls/checkbox";
import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { fixed } from "../../core/format";
import type { Explorer } from "./explorer";
import { COLDEST, MASKS, type MaskName } from "./state";

const SCORES = "scores = q @ k.transpose(-2, -1)";
const WARMEST = 5; // of the slider

export function settings(explorer: Explorer): HTMLElement {
  return h("div", { class: "controls" }, temperatureSlider(explorer), scaledCheckbox(explorer), maskSelect(explorer));
}

function temperatureSlider(explorer: Explorer): HTMLElement {
  const { element, update } = slider((value) => explorer.change({ temperature: value }), explorer.signal);
  explorer.onUpdate(() => {
    const value = explorer.state.temperature;
    const range = [COLDEST, Math.max(WARMEST, value), 0.05] as const;
    update({ name: "Temperature", range, value, text: fixed(value), code: `scores = scores / ${value}` });
  });
  return element;
}

function scaledCheckbox(explorer: Explorer): HTMLElement {
  const { element, update } = checkbox({
    text: "divide by √d_k",
    code: SCORES,
    onChange: (scaled) => explorer.change({ scaled }),
    signal: explorer.signal,
  });
  explorer.onUpdate(() => update(explorer.state.scaled, explorer.state.scaled ? `${SCORES} / d_k**0.5` : SCORES));
  return element;
}

function maskSelect(explorer: Explorer): HTMLElement {
  const isCausal = (): boolean => explorer.set?.causal ?? false;
  const { element, update } = select({
    name: "Mask",
    options: [...MASKS],
    nameOf: (name) => (name === "own" ? "the model’s own" : name),
    onChange: (mask) => explorer.change({ mask }),
    signal: explorer.signal,
  });
  const hides = (name: MaskName): boolean => (name === "own" ? isCausal() : name === "causal");
  explorer.onUpdate(() => {
    const { mask } = explorer.state;
    update(mask, `may_attend = ${hides(mask) ? "causal_mask(T)" : "None"}`);
  });
  return element;
}
