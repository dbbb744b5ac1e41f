// Predict, then reveal: where does a head look most while it writes a character? The place and the head are drawn, and
// what is known of them is hidden until the reader has pressed a character of the text, and said how sure that is.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setAttribute, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import { fixed } from "../../core/format";
import { quoteOf } from "../../core/legible";
import { randomNumbers } from "../../core/random";
import type { Desk } from "./desk";
import { largestAt } from "./found";

export interface Prediction {
  button: HTMLButtonElement;
  element: HTMLElement;
  /** The reader's answer: the character read that is looked at most. */
  answer(key: number): void;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(desk: Desk): Prediction {
  let answers: Forecast[] = [];
  const random = randomNumbers(0);
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const question = h("div", { class: "question" }, h("label", { for: id }, "How sure are you? "), sure);
  const verdict = h("p", { class: "verdict", role: "status" });

  function answer(key: number): void {
    const { weights, step, read } = desk;
    const most = largestAt(weights, step, read.length);
    const right = key === most;
    if (sure.value !== "")
      answers = [...answers, keepForecast("translator", desk, { sure: Number(sure.value), right })];
    verdict.textContent = `${verdictOn(desk, key, most)} ${describeScore(answers)}`;
    desk.isHidden = false;
    desk.change({ key: most });
    toggle.focus();
  }
  function toggleQuestion(): void {
    verdict.textContent = "";
    sure.value = ""; // another question, another answer
    desk.isHidden = !desk.isHidden;
    if (desk.isHidden) desk.change(drawn(desk, random));
    else desk.tell();
  }
  const toggle = button("Predict, then reveal", toggleQuestion, desk.signal);
  desk.onUpdate(() => {
    if (!desk.shown) desk.isHidden = false; // nothing to ask about
    question.hidden = !desk.isHidden;
    toggle.disabled = !desk.shown;
    setText(toggle, desk.isHidden ? "Show the answer" : "Predict, then reveal");
    setAttribute(toggle, "aria-pressed", String(desk.isHidden));
  });
  const restart = (): void => {
    answers = [];
    verdict.textContent = "";
  };
  return { button: toggle, element: h("div", {}, question, verdict), answer, restart };
}

/** A place and a head, none of them the present one: a question whose answer is not in sight. */
function drawn(desk: Desk, random: () => number): { step: number; layer: number; head: number } {
  const { about, tokens, step, state } = desk;
  const other = (count: number, not: number): number => (not + 1 + Math.floor(random() * (count - 1))) % count;
  const heads = about.layers * about.heads;
  const now = (state.layer ?? 0) * about.heads + (state.head ?? 0);
  const next = other(heads, now);
  return {
    step: tokens.length > 1 ? other(tokens.length, step) : 0,
    layer: Math.floor(next / about.heads),
    head: next % about.heads,
  };
}

function verdictOn({ read, weights, step }: Desk, key: number, most: number): string {
  const [chosen, best] = [key, most].map(
    (s) => `${quoteOf(read, s)} with ${fixed(weights[step * read.length + s] ?? 0)}`,
  );
  return key === most ? `Right: ${best}.` : `Not quite: you chose ${chosen}; it looks most at ${best}.`;
}
