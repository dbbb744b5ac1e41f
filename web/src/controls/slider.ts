// A labelled slider: its name, its value in words, and the line of code it stands for.

import { h } from "./element";
import { setAttribute, setHidden, setText } from "./write";

/** The smallest value, the largest, and the step between two. */
export type Range = readonly [low: number, high: number, step: number];

export interface SliderView {
  name: string;
  /** What a screen reader calls it, where that is not the name. */
  label?: string;
  range: Range;
  value: number;
  /** The value as shown. */
  text: string;
  code?: string;
  /** A slider of one value is hidden in any case. */
  hidden?: boolean;
}

export interface Slider {
  element: HTMLElement;
  update(view: SliderView): void;
}

export function slider(onInput: (value: number) => void, signal: AbortSignal): Slider {
  const input = h("input", { type: "range" });
  const name = h("span");
  const value = h("span", { class: "value" });
  const code = h("code");
  const element = h("label", { class: "control" }, h("span", { class: "name" }, name, value), input, code);
  input.addEventListener("input", () => onInput(Number(input.value)), { signal });

  function update(view: SliderView): void {
    const [low, high, step] = view.range;
    setAttribute(input, "min", String(low));
    setAttribute(input, "max", String(high));
    setAttribute(input, "step", String(step));
    setAttribute(input, "aria-label", view.label ?? view.name);
    setAttribute(input, "aria-valuetext", view.text);
    if (Number(input.value) !== view.value) input.value = String(view.value);
    setText(name, view.name);
    setText(value, view.text);
    setText(code, view.code ?? "");
    setHidden(element, low === high || view.hidden === true);
  }
  return { element, update };
}
