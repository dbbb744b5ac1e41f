// The controls of temperature, scale and mask, each with the line of code it stands for.

import { button } from "../../controls/button";
import { checkbox } from "../../controls/checkbox";
import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { type SliderView, slider } from "../../controls/slider";
import { setHidden } from "../../controls/write";
import { fixed } from "../../core/format";
import { causalMask } from "../../core/mask";
import type { Lab } from "./lab";
import type { MaskName, State } from "./state";

const SCORES = "scores = q @ k.transpose(-2, -1)";

const MASK_CODE: Record<MaskName, string> = {
  none: "may_attend = None",
  causal: "may_attend = causal_mask(T, S)",
  padding: "may_attend = padding_mask(lengths, S)",
  window: "may_attend = window_mask(T, window)",
};

type SliderField = "temperature" | "d_k" | "n_keys" | "window";

/** How each slider looks just now. */
const VIEWS: Record<SliderField, (lab: Lab) => Omit<SliderView, "value">> = {
  temperature: ({ state }) => ({
    name: "Temperature",
    range: [0.05, 5, 0.05],
    text: fixed(state.temperature),
    code: "scores = scores / temperature",
  }),
  d_k: ({ state }) => ({
    name: "d_k under the root",
    range: [1, 256, 1],
    text: String(state.d_k),
    code: `d_k = ${state.d_k}`,
    hidden: !state.scaled,
  }),
  n_keys: ({ state, S }) => ({
    name: "Keys that are not padding",
    range: [0, S, 1],
    text: String(state.n_keys),
    code: `lengths = torch.tensor([${state.n_keys}])`,
    hidden: state.mask !== "padding",
  }),
  window: ({ state, T, S }) => ({
    name: "Window",
    range: [1, Math.max(T, S), 1],
    text: String(state.window),
    code: "(t - s).abs() < window",
    hidden: state.mask !== "window",
  }),
};

export function settings(lab: Lab): HTMLElement {
  return h(
    "div",
    { class: "controls" },
    settingSlider(lab, "temperature"),
    scaledCheckbox(lab),
    settingSlider(lab, "d_k"),
    maskSelect(lab),
    settingSlider(lab, "n_keys"),
    settingSlider(lab, "window"),
    clickMasksCheckbox(lab),
    showAllButton(lab),
  );
}

function settingSlider(lab: Lab, field: SliderField): HTMLElement {
  const { element, update } = slider((value) => lab.change({ [field]: value }), lab.signal);
  lab.onUpdate(() => update({ ...VIEWS[field](lab), value: lab.state[field] }));
  return element;
}

function scaledCheckbox(lab: Lab): HTMLElement {
  const { element, update } = checkbox({
    text: "divide by √d_k",
    code: SCORES,
    onChange: (scaled) => lab.change({ scaled }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.scaled, lab.state.scaled ? `${SCORES} / d_k**0.5` : SCORES));
  return element;
}

function maskSelect(lab: Lab): HTMLElement {
  const { element, update } = select({
    name: "Mask",
    options: Object.keys(MASK_CODE) as MaskName[],
    nameOf: (mask) => (mask === "none" ? nameOfOwnMask(lab) : mask),
    onChange: (mask) => lab.change({ mask, ...firstPadding(lab, mask) }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.mask, maskCode(lab)));
  return element;
}

/** What is in force where no mask is selected: the one the tensors came with, if there is one. */
function nameOfOwnMask({ inputs: { sourceMask }, T, S }: Lab): string {
  const isCausal = sourceMask?.flat().every((bit, i) => Boolean(bit) === causalMask(T, S)(Math.floor(i / S), i % S));
  return sourceMask ? `${isCausal ? "causal, " : ""}from the model` : "none";
}

/** The mask that a model's tensors came with stays in force under each of the others. */
function maskCode({ state: { mask }, inputs }: Lab): string {
  const code = MASK_CODE[mask];
  if (!inputs.sourceMask) return code;
  return mask === "none" ? "may_attend" : code.replace("=", "&=");
}

/** Padding begins with one key, where it would hide none. */
function firstPadding({ state, S }: Lab, mask: MaskName): Partial<State> {
  return mask === "padding" && S > 1 && state.n_keys >= S ? { n_keys: S - 1 } : {};
}

function clickMasksCheckbox(lab: Lab): HTMLElement {
  const { element, update } = checkbox({
    text: "a click on a cell hides it",
    code: "may_attend[t, s] = False",
    onChange: (checked) => {
      lab.clickMasks = checked;
    },
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.clickMasks));
  return element;
}

function showAllButton(lab: Lab): HTMLElement {
  const element = button("Show all cells", () => lab.change({ blocked: [] }), lab.signal);
  lab.onUpdate(() => {
    setHidden(element, lab.state.blocked.length === 0);
  });
  return element;
}
