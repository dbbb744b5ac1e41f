// Predict, then reveal: which gradient arrives, how many values are held, how many operations run twice? The reader
// says how sure they are, and the score of all answers is Brier's.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setHidden, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import type { BackpropLab } from "./lab";
import { drawQuestion } from "./questions";

export interface Prediction {
  button: HTMLButtonElement;
  question: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(lab: BackpropLab): Prediction {
  const forecasts: Forecast[] = [];
  const score = h("p", { class: "verdict", role: "status" });
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const answer = (choice: number): void => {
    const { asked } = lab;
    if (!asked) return;
    const right = choice === asked.right;
    if (sure.value !== "") forecasts.push(keepForecast("backprop_graph", lab, { sure: Number(sure.value), right }));
    sure.value = "";
    setText(score, `${right ? "Right" : "Wrong"}: ${asked.told} ${describeScore(forecasts)}`.trim());
    lab.reveal();
    toggle.focus(); // the button that was pressed is gone
  };
  const buttons = [0, 1, 2].map((i) => button("", () => answer(i), lab.signal));
  const form = h("div", { class: "buttons" }, h("label", { for: id }, "How sure are you? "), sure, ...buttons);
  const onToggle = (): void => {
    sure.value = "";
    const { asked } = lab;
    const question = asked ? null : drawQuestion(lab);
    setText(score, asked ? asked.told : "");
    if (asked) lab.reveal();
    else if (question) lab.ask(question);
  };
  const toggle = button("Predict, then reveal", onToggle, lab.signal);
  lab.onWithdrawn = () => setText(score, "The question was taken back, for something was changed.");
  lab.onUpdate(() => {
    const { asked } = lab;
    setHidden(form, !asked);
    setText(toggle, asked ? "Show the answer" : "Predict, then reveal");
    for (const [i, one] of buttons.entries()) setText(one, asked?.options[i] ?? "");
  });
  const restart = (): void => {
    forecasts.length = 0;
    setText(score, "");
  };
  return { button: toggle, question: h("div", {}, form, score), restart };
}
