// Predict, then reveal: which of two settings has the smaller error? The reader says how sure they are, and the score of
// all answers is Brier's.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setHidden, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import type { QuantLab } from "./lab";
import { NORM_NAMES, percent } from "./names";
import { fitting } from "./rounding";
import { GRIDS, type Setting } from "./state";

const TRIES = 100;
const APART = 0.02; // of the larger error; what is closer is no question
const BITS = [3, 4, 4, 4];
const NONE = "No two grids differ on these numbers.";

export interface Prediction {
  button: HTMLButtonElement;
  question: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(lab: QuantLab): Prediction {
  const forecasts: Forecast[] = [];
  const score = h("p", { class: "verdict", role: "status" });
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const answer = (choice: 0 | 1): void => {
    const { asked } = lab;
    if (!asked) return;
    const [a, b] = errorsOf(lab, asked);
    const [right, isTie] = [(choice === 0) === a < b, a === b]; // a tie: numbers or norm were changed since the draw
    const verdict = right ? "Right" : "Wrong";
    if (sure.value !== "" && !isTie)
      forecasts.push(keepForecast("quant_lab", lab, { sure: Number(sure.value), right }));
    sure.value = "";
    score.textContent = `${isTie ? "Neither" : verdict}: ${told(lab, asked)} ${describeScore(forecasts)}`.trim();
    reveal(lab, asked);
    toggle.focus(); // the button that was pressed is gone
  };
  const buttons = [button("A", () => answer(0), lab.signal), button("B", () => answer(1), lab.signal)];
  const form = h("div", { class: "buttons" }, h("label", { for: id }, "How sure are you? "), sure, ...buttons);
  const onToggle = (): void => {
    const { asked } = lab;
    sure.value = "";
    if (asked) {
      score.textContent = told(lab, asked);
      reveal(lab, asked);
      return;
    }
    const pair = drawPair(lab);
    score.textContent = pair ? "" : NONE;
    lab.ask(pair);
  };
  const toggle = button("Predict, then reveal", onToggle, lab.signal);
  lab.onUpdate(() => {
    setHidden(form, !lab.asked);
    setText(toggle, lab.asked ? "Show the answer" : "Predict, then reveal");
  });
  const restart = (): void => {
    forecasts.length = 0;
    score.textContent = "";
  };
  return { button: toggle, question: h("div", {}, form, score), restart };
}

/** In the norm that is set now. */
function errorsOf(lab: QuantLab, pair: [Setting, Setting]): [number, number] {
  const { slice, state } = lab.reading;
  const [a, b] = pair.map((one) => lab.rounding.errorsOf(slice, one)[state.norm]);
  return [a ?? 0, b ?? 0];
}

function told(lab: QuantLab, pair: [Setting, Setting]): string {
  const [a, b] = errorsOf(lab, pair);
  return `the ${NORM_NAMES[lab.state.norm]} error of A is ${percent(a)}, of B ${percent(b)}.`;
}

/** The better of the two is set, so that all of it can be seen. */
function reveal(lab: QuantLab, pair: [Setting, Setting]): void {
  const [a, b] = errorsOf(lab, pair);
  lab.asked = null;
  const { grid, bits, group } = pair[a < b ? 0 : 1];
  lab.change({ grid, bits, group });
  lab.draw();
}

/** Two settings whose errors differ enough to be told apart, drawn by lot; null where there are none. */
function drawPair(lab: QuantLab): [Setting, Setting] | null {
  const groups = fitting(lab.reading.slice);
  const draw = (): Setting => ({ grid: pick(GRIDS), bits: pick(BITS), group: pick(groups) });
  for (let i = 0; i < TRIES; i++) {
    const pair: [Setting, Setting] = [draw(), draw()];
    const [a, b] = errorsOf(lab, pair);
    if (Math.abs(a - b) > APART * Math.max(a, b)) return pair;
  }
  return null;
}

function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error("there is nothing to draw from");
  return value;
}
