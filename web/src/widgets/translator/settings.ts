// How wide the search is, and whose attention is looked at, each with the line of code it stands for.

import { checkbox } from "../../controls/checkbox";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import type { Desk } from "./desk";
import { WIDEST } from "./state";

const MEAN = "mean";

export function settings(desk: Desk): HTMLElement[] {
  return [widthSlider(desk), whose(desk, "layer"), whose(desk, "head"), truthCheckbox(desk)];
}

function widthSlider(desk: Desk): HTMLElement {
  const { element, update } = slider((width) => desk.change({ width, beam: 0 }), desk.signal);
  desk.onUpdate(() => {
    const { width } = desk.state;
    const code =
      width === 1
        ? "logits[-1].argmax()"
        : `beam_search(next_logits, start, beams=${width}, max_new=${desk.about.longest}, eos=EOS)`;
    const text = width === 1 ? "1: greedy" : `${width} beams`;
    update({ name: "Width of the search", range: [1, WIDEST, 1], value: width, text, code });
  });
  return element;
}

/** A layer or a head, counted from 0, or the mean of all. */
function whose(desk: Desk, field: "layer" | "head"): HTMLElement {
  const count = field === "layer" ? desk.about.layers : desk.about.heads;
  const { element, update } = select({
    name: field === "layer" ? "Layer" : "Head",
    options: [MEAN, ...Array.from({ length: count }, (_, i) => String(i))],
    nameOf: (option) => (option === MEAN ? "mean of all" : option),
    onChange: (option) => desk.change({ [field]: option === MEAN ? null : Number(option) }),
    signal: desk.signal,
  });
  desk.onUpdate(() => {
    const value = desk.state[field];
    const from = field === "layer" ? "cross" : "weights";
    update(value === null ? MEAN : String(value), `weights = ${from}${value === null ? ".mean(0)" : `[${value}]`}`);
  });
  return element;
}

function truthCheckbox(desk: Desk): HTMLElement {
  const { element, update } = checkbox({
    text: "frame the true alignment",
    code: "pair.alignment",
    onChange: (framed) => desk.change({ framed }),
    signal: desk.signal,
  });
  desk.onUpdate(() => update(desk.state.framed));
  return element;
}
