// Predict, then reveal: of two pipelines, which has the larger bubble, or holds more; or do both have the same? The reader
// says how sure they are, and the score of all answers is Brier's.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setHidden, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import { SCHEDULES } from "../../core/pipelines";
import type { Asked, PipelineReplay } from "./lab";
import { percent } from "./names";
import { measuresOf, type Setting } from "./replaying";
import { EQUAL, MICROS, RANKS } from "./state";

const APART = 0.02; // of the larger; what is closer, and not the same, is no question
const SAME = 1e-9;
const ANSWERS = ["A", "B", "The same"] as const;

export interface Prediction {
  button: HTMLButtonElement;
  question: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(lab: PipelineReplay): Prediction {
  const forecasts: Forecast[] = [];
  const score = h("p", { class: "verdict", role: "status" });
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const answer = (choice: string): void => {
    const { asked } = lab;
    if (!asked) return;
    const right = choice === answerOf(asked);
    if (sure.value !== "") forecasts.push(keepForecast("pipeline_replay", lab, { sure: Number(sure.value), right }));
    sure.value = "";
    score.textContent = `${right ? "Right" : "Wrong"}: ${told(asked)} ${describeScore(forecasts)}`.trim();
    reveal(lab, asked);
    toggle.focus(); // the button that was pressed is gone
  };
  const buttons = ANSWERS.map((name) => button(name, () => answer(name), lab.signal));
  const form = h("div", { class: "buttons" }, h("label", { for: id }, "How sure are you? "), sure, ...buttons);
  const onToggle = (): void => {
    const { asked } = lab;
    sure.value = "";
    score.textContent = asked ? told(asked) : "";
    if (asked) reveal(lab, asked);
    else lab.ask(drawQuestion());
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

function valuesOf({ measure, pair }: Asked): [number, number] {
  return [measuresOf(pair[0])[measure], measuresOf(pair[1])[measure]];
}

function answerOf(asked: Asked): (typeof ANSWERS)[number] {
  const [a, b] = valuesOf(asked);
  if (Math.abs(a - b) < SAME) return "The same";
  return a > b ? "A" : "B";
}

function told(asked: Asked): string {
  const [a, b] = valuesOf(asked);
  if (asked.measure === "bubble") return `the bubble of A is ${percent(a)}, of B ${percent(b)}.`;
  return `A holds ${a} at most, B ${b}.`;
}

/** The one with more is set, so that all of it can be seen. */
function reveal(lab: PipelineReplay, asked: Asked): void {
  const { schedule, ranks, micros } = asked.pair[answerOf(asked) === "B" ? 1 : 0];
  lab.asked = null;
  lab.change({ schedule, ranks, micros, run: EQUAL, swaps: [], rank: 0, place: 0 });
  lab.draw();
}

/** Two settings drawn by lot; every other time they have as many ranks and micro-batches. */
function drawQuestion(): Asked {
  for (;;) {
    const measure = pick(["bubble", "held"] as const);
    const isAlike = pick([true, false]);
    const first = drawSetting();
    const second = isAlike ? { ...first, schedule: pick(SCHEDULES) } : drawSetting();
    const asked: Asked = { measure, pair: [first, second] };
    const [a, b] = valuesOf(asked);
    const isClear = Math.abs(a - b) < SAME || Math.abs(a - b) > APART * Math.max(a, b);
    if (isClear && [first, second].every(fits) && JSON.stringify(first) !== JSON.stringify(second)) return asked;
  }
}

function drawSetting(): Setting {
  return { schedule: pick(SCHEDULES), ranks: wholeFrom(RANKS), micros: wholeFrom(MICROS) };
}

const fits = ({ schedule, ranks, micros }: Setting): boolean => schedule !== "interleaved" || micros % ranks === 0;

const wholeFrom = ([low, high]: readonly [number, number]): number =>
  low + Math.floor(Math.random() * (high - low + 1));

function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error("there is nothing to draw from");
  return value;
}
