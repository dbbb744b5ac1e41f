// The page of calibration: the score and the curve of the answers that this browser keeps.

import { type Answers, forecasts, onAnswers } from "../answers/store";
import { h } from "../controls/element";
import { adoptStyleSheet } from "../controls/style_sheet";
import { table } from "../controls/table";
import { brierScore, calibrationCurve, type Forecast, type Point } from "../core/calibration";
import calibrationCss from "./calibration.css";
import { curvePicture, percent } from "./curve";

const EMPTY =
  "Nothing to show yet. Answer an exercise on any page, and choose how sure you are before you press Check: your first " +
  "answers are counted here.";
const HEADINGS = ["how sure you were", "answers", "right", "95 % interval"];

function scoreOf(list: Forecast[]): HTMLElement {
  const guesser = brierScore(list.map(({ right }) => ({ sure: 0.5, right })));
  const hits = list.filter((forecast) => forecast.right).length;
  const answers = list.length === 1 ? "1 first answer" : `${list.length} first answers`;
  const score = h("strong", {}, brierScore(list).toFixed(3));
  return h(
    "p",
    {},
    "Your Brier score is ",
    score,
    ` over ${answers}, of which ${hits} ${hits === 1 ? "was" : "were"} right. `,
    `Somebody who always says 50 % gets ${guesser.toFixed(3)}; a lower score is better.`,
  );
}

const rowOf = ({ sure, count, right, low, high }: Point): string[] => [
  percent(sure),
  String(count),
  `${right} (${percent(right / count)})`,
  `${percent(low)} to ${percent(high)}`,
];

function show(place: HTMLElement, answers: Answers): void {
  const list = forecasts(answers);
  if (list.length === 0) {
    place.replaceChildren(h("p", { role: "status" }, EMPTY));
    return;
  }
  const points = calibrationCurve(list);
  const clear = h("button", { type: "button", "data-action": "clear-answers" }, "Clear my answers");
  place.replaceChildren(scoreOf(list), curvePicture(points), table(HEADINGS, points.map(rowOf)), h("p", {}, clear));
}

function start(): void {
  adoptStyleSheet(calibrationCss);
  for (const place of document.querySelectorAll<HTMLElement>(".llmbook-calibration"))
    onAnswers((answers) => show(place, answers));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
