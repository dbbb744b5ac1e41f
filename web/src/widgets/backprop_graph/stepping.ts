// One operation after another: buttons, a slider, and a clock that presses the button.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { slider } from "../../controls/slider";
import { setText } from "../../controls/write";
import type { BackpropLab } from "./lab";

const PAUSE = 700; // milliseconds from one step to the next

export interface Stepping {
  element: HTMLElement;
  /** Let the clock rest. */
  stop(): void;
}

export function stepping(lab: BackpropLab): Stepping {
  const { signal } = lab;
  let clock: ReturnType<typeof setInterval> | undefined;
  let expected = -1; // where the clock has gone: whoever goes elsewhere stops it
  const isLast = (): boolean => lab.state.step >= lab.reading.steps.length;

  const stop = (): void => {
    clearInterval(clock);
    clock = undefined;
    setText(play, "Play");
  };
  const tick = (): void => {
    expected = lab.state.step + 1;
    lab.go(expected);
  };
  const start = (): void => {
    expected = isLast() ? 0 : lab.state.step + 1;
    lab.go(expected);
    clock = setInterval(tick, PAUSE);
    setText(play, "Pause");
  };
  const play = button("Play", () => (clock === undefined ? start() : stop()), signal);
  signal.addEventListener("abort", stop, { once: true });
  const go = (name: string, to: () => number): HTMLButtonElement => button(name, () => lab.go(to()), signal);
  const buttons = [
    go("To the start", () => 0),
    go("One back", () => lab.state.step - 1),
    go("One step", () => lab.state.step + 1),
    play,
    go("To the end", () => lab.reading.steps.length),
  ];
  lab.onUpdate(() => {
    if (clock !== undefined && (lab.asked || lab.state.step !== expected || isLast())) stop();
  });
  return { element: h("div", { class: "steps" }, h("div", { class: "buttons" }, ...buttons), stepSlider(lab)), stop };
}

function stepSlider(lab: BackpropLab): HTMLElement {
  const { element, update } = slider((step) => lab.go(step), lab.signal);
  lab.onUpdate(() => {
    const { state, reading } = lab;
    const last = reading.steps.length;
    const text = `${state.step} of ${lab.asked ? "?" : last}`; // it tells how many are computed again
    update({ name: "Steps done", range: [0, last, 1], value: state.step, text, code: "L.backward()  # at the end" });
  });
  return element;
}
