// Predict, then reveal: of two changes to the numbers that are set, which makes a written token cheaper, or do both the
// same? The reader says how sure they are, and the score of all answers is Brier's.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setHidden, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import { costsOf, hasRoom } from "../../core/costs";
import { type Asked, CHANGES, type Change } from "./changes";
import type { CostCalculator } from "./lab";
import { three } from "./names";
import type { State } from "./state";

const APART = 0.02; // of the price; what is closer, and not the same, is no question
const SAME = 1e-9;
const BATCHES = [1, 4, 16, 64, 256, 1024];
const ANSWERS = ["A", "B", "The same"] as const;

export interface Prediction {
  button: HTMLButtonElement;
  question: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(lab: CostCalculator): Prediction {
  const forecasts: Forecast[] = [];
  const score = h("p", { class: "verdict", role: "status" });
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const answer = (choice: string): void => {
    const { asked, state } = lab;
    if (!asked) return;
    const right = choice === answerOf(state, asked);
    if (sure.value !== "") forecasts.push(keepForecast("cost_calculator", lab, { sure: Number(sure.value), right }));
    sure.value = "";
    score.textContent = `${right ? "Right" : "Wrong"}: ${told(state, asked)} ${describeScore(forecasts)}`.trim();
    lab.ask(null);
    toggle.focus(); // the button that was pressed is gone
  };
  const buttons = ANSWERS.map((name) => button(name, () => answer(name), lab.signal));
  const form = h("div", { class: "buttons" }, h("label", { for: id }, "How sure are you? "), sure, ...buttons);
  const onToggle = (): void => {
    const { asked, state } = lab;
    sure.value = "";
    score.textContent = asked ? told(state, asked) : "";
    if (asked) lab.ask(null);
    else draw(lab);
  };
  const toggle = button("Predict, then reveal", onToggle, lab.signal);
  lab.onUpdate(() => {
    setHidden(form, !lab.asked);
    setText(toggle, lab.asked ? "Show the answer" : "Predict, then reveal");
  });
  const restart = (): void => {
    forecasts.length = 0;
    sure.value = "";
    score.textContent = "";
  };
  return { button: toggle, question: h("div", {}, form, score), restart };
}

const afterChange = (state: State, change: Change): State => ({ ...state, ...CHANGES[change].of(state) });

/** How many times as dear a written token is after the change. */
export function factorOf(state: State, change: Change): number {
  return costsOf(afterChange(state, change)).million_written / costsOf(state).million_written;
}

function answerOf(state: State, [a, b]: Asked): (typeof ANSWERS)[number] {
  const [first, second] = [factorOf(state, a), factorOf(state, b)];
  if (Math.abs(first - second) < SAME) return "The same";
  return first < second ? "A" : "B";
}

function told(state: State, [a, b]: Asked): string {
  return `A token costs ${three(factorOf(state, a))} times as much after A, and ${three(factorOf(state, b))} times after B.`;
}

/** A preset with some number of texts, and two changes, drawn by lot; all of it has room in memory. */
function draw(lab: CostCalculator): void {
  const { presets } = lab.source;
  for (;;) {
    const state = { ...lab.state, ...presets[pick(Object.keys(presets))], batch: pick(BATCHES) };
    const names = Object.keys(CHANGES) as Change[];
    const asked: Asked = [pick(names), pick(names)];
    const [one, other] = [factorOf(state, asked[0]), factorOf(state, asked[1])];
    const isClear = Math.abs(one - other) < SAME || Math.abs(one - other) > APART;
    const fits = [state, ...asked.map((change) => afterChange(state, change))].every((each) => hasRoom(costsOf(each)));
    if (asked[0] === asked[1] || !isClear || !fits) continue;
    lab.change(state);
    lab.ask(asked);
    return;
  }
}

function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error("there is nothing to draw from");
  return value;
}
