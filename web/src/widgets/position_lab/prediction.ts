// Predict, then reveal: will a word's output change, or only move along with its word? The reader says how sure they
// are, and the score of all answers is Brier's.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setHidden, setText } from "../../controls/write";
import { brierScore, type Forecast } from "../../core/calibration";
import { quoteOf } from "../../core/legible";
import type { PositionLab } from "./lab";
import { isChanged } from "./sentences";

export interface Prediction {
  button: HTMLButtonElement;
  question: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(lab: PositionLab): Prediction {
  const forecasts: Forecast[] = [];
  const score = h("span", { role: "status" });
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const answer = (changes: boolean): void => {
    const right = isChanged(lab, lab.state.row) === changes;
    if (sure.value !== "") forecasts.push(keepForecast("position_lab", lab, { sure: Number(sure.value), right }));
    sure.value = "";
    score.textContent = verdict(lab, right, forecasts);
    lab.hide(false);
    toggle.focus(); // the button that was pressed is gone
  };
  const buttons = [
    button("It changes", () => answer(true), lab.signal),
    button("It only moves along", () => answer(false), lab.signal),
  ];
  const asked = h("div", { class: "buttons" }, h("label", { for: id }, "How sure are you? "), sure, ...buttons);
  const toggle = button("Predict, then reveal", () => ask(lab, score), lab.signal);
  lab.onUpdate(() => {
    setHidden(asked, !lab.waits || lab.state.swap.length === 0);
    setHidden(toggle, lab.words.length < 2);
    setText(toggle, lab.waits ? "Show the answer" : "Predict, then reveal");
  });
  const restart = (): void => {
    forecasts.length = 0;
    score.textContent = "";
  };
  return { button: toggle, question: h("div", {}, asked, score), restart };
}

/** Ask of the present swap, or of the first two words that differ; where a question waits, tell. */
function ask(lab: PositionLab, score: HTMLElement): void {
  score.textContent = "";
  const { words, state } = lab;
  const other = words.findIndex((word) => word !== words[0]);
  if (!lab.waits && state.swap.length === 0) lab.change({ swap: [0, Math.max(1, other)] });
  lab.picked = -1;
  lab.hide(!lab.waits);
}

function verdict(lab: PositionLab, right: boolean, forecasts: Forecast[]): string {
  const output = `the output of ${quoteOf(lab.words, lab.state.row)}`;
  const truth = isChanged(lab, lab.state.row) ? `${output} changes` : `${output} only moves along`;
  const said = `${right ? "Right" : "Wrong"}: ${truth}.`;
  if (forecasts.length === 0) return said;
  const brier = `Brier score ${brierScore(forecasts).toFixed(2)} over ${forecasts.length}`;
  return `${said} ${brier}; who always says 50 % gets 0.25.`;
}
