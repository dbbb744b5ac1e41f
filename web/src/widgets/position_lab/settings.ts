// How positions are told, and everything else that can be set, each with the line of code it stands for.

import { checkbox } from "../../controls/checkbox";
import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { type SliderView, slider } from "../../controls/slider";
import { setHidden } from "../../controls/write";
import type { PositionLab } from "./lab";
import { HEADS, KINDS, type Kind, PAIRINGS, type PairingName, type State, WIDEST } from "./state";

const TURN = "turns = precompute_freqs_cis(T, d, base)";

const KIND_CODE: Record<Kind, string> = {
  none: "scores = q @ k.T / d**0.5",
  sinusoidal: "x = x + sinusoids(T, d, base)",
  learned: "x = x + table[:T]",
  rotary: TURN,
  alibi: "scores = scores + alibi_bias(8, T)[head]",
};

const PAIRING_CODE: Record<PairingName, string> = {
  interleaved: "q, k = apply_rotary(q, turns), apply_rotary(k, turns)",
  half: 'q, k = apply_rotary(q, turns, "half"), apply_rotary(k, turns, "half")',
  mixed: 'q, k = apply_rotary(q, turns), apply_rotary(k, turns, "half")  # a mistake',
};

const KIND_NAMES: Record<Kind, string> = {
  none: "none",
  sinusoidal: "sinusoidal",
  learned: "learned (by the book's GPT)",
  rotary: "rotary",
  alibi: "ALiBi",
};

type SliderField = "base" | "head" | "d" | "seed";

/** How each slider looks just now. The base moves by its logarithm. */
const VIEWS: Record<SliderField, (state: State) => SliderView> = {
  base: ({ base, kind }) => ({
    name: "Base",
    range: [0.5, 6, 0.25],
    value: Math.log10(base),
    text: base.toLocaleString("en"),
    code: "theta = base ** (-torch.arange(0, d, 2) / d)",
    hidden: kind !== "sinusoidal" && kind !== "rotary",
  }),
  head: ({ head, kind }) => ({
    name: "Slope of the head",
    range: [0, HEADS - 1, 1],
    value: head,
    text: `1/${2 ** (head + 1)}`,
    code: `alibi_slopes(8)[${head}]`,
    hidden: kind !== "alibi",
  }),
  d: ({ d }) => ({
    name: "Width d",
    range: [2, WIDEST, 2],
    value: d,
    text: String(d),
    code: "q, k = x @ w_q, x @ w_k  # (T, d)",
  }),
  seed: ({ seed }) => ({
    name: "Seed of words and projections",
    range: [0, Math.max(20, seed), 1],
    value: seed,
    text: String(seed),
    code: `w_q = drawn("${seed} matrix q", d * d).view(d, d) / d**0.5`,
  }),
};

export function settings(lab: PositionLab): HTMLElement {
  return h(
    "div",
    { class: "controls" },
    kindSelect(lab),
    settingSlider(lab, "base"),
    pairingSelect(lab),
    settingSlider(lab, "head"),
    causalCheckbox(lab),
    settingSlider(lab, "d"),
    settingSlider(lab, "seed"),
  );
}

function kindSelect(lab: PositionLab): HTMLElement {
  const { element, update } = select({
    name: "Positions",
    options: [...KINDS],
    nameOf: (kind) => KIND_NAMES[kind],
    onChange: (kind) => lab.change({ kind }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.kind, KIND_CODE[lab.state.kind]));
  return element;
}

function pairingSelect(lab: PositionLab): HTMLElement {
  const { element, update } = select({
    name: "Pairing",
    options: [...PAIRINGS],
    nameOf: (pairing) => (pairing === "mixed" ? "mixed, a mistake" : pairing),
    onChange: (pairing) => lab.change({ pairing }),
    signal: lab.signal,
  });
  lab.onUpdate(() => {
    update(lab.state.pairing, PAIRING_CODE[lab.state.pairing]);
    setHidden(element, lab.state.kind !== "rotary");
  });
  return element;
}

function settingSlider(lab: PositionLab, field: SliderField): HTMLElement {
  const set = (value: number): void => lab.change({ [field]: field === "base" ? powerOfTen(value) : value });
  const { element, update } = slider(set, lab.signal);
  lab.onUpdate(() => update(VIEWS[field](lab.state)));
  return element;
}

/** To three digits: 316, not 316.22776601683796. */
function powerOfTen(exponent: number): number {
  return Number((10 ** exponent).toPrecision(3));
}

function causalCheckbox(lab: PositionLab): HTMLElement {
  const { element, update } = checkbox({
    text: "causal mask",
    code: "may_attend = causal_mask(T)",
    onChange: (causal) => lab.change({ causal }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.causal, `may_attend = ${lab.state.causal ? "causal_mask(T)" : "None"}`));
  return element;
}
