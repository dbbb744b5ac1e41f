// Predict, then reveal: the chances are hidden until the reader has said which token is the likeliest, and how sure that
// is. Brier's score of these answers says how well the two go together.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setAttribute, setHidden, setText } from "../../controls/write";
import { describeScore, type Forecast } from "../../core/calibration";
import { fixed } from "../../core/format";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";
import type { Candidate, Outlook } from "./outlook";

const CHOICES = 6;

export interface Prediction {
  button: HTMLButtonElement;
  element: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(desk: Desk): Prediction {
  let answers: Forecast[] = [];
  let asked: Outlook | null = null;
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const choices = h("div", { class: "buttons", role: "group", "aria-label": "What comes next?" });
  const question = h("div", { class: "question" }, h("label", { for: id }, "How sure are you? "), sure, choices);
  const verdict = h("p", { class: "verdict", role: "status" });

  function answer(chosen: Candidate, best: Candidate): void {
    const right = chosen.id === best.id;
    if (sure.value !== "") answers = [...answers, keepForecast("writer", desk, { sure: Number(sure.value), right })];
    verdict.textContent = `${verdictOn(chosen, best)} ${describeScore(answers)}`;
    desk.hide(false);
    toggle.focus();
  }

  /** The question is about a text whose answer was not shown yet: a token is drawn and added first. */
  function toggleQuestion(): void {
    verdict.textContent = "";
    asked = desk.outlook;
    choices.replaceChildren();
    desk.hide(!desk.isHidden);
    if (desk.isHidden) desk.write(1);
  }

  function ask(): void {
    asked = desk.outlook;
    const all = desk.candidates(CHOICES);
    const [best] = all;
    if (!best) return;
    sure.value = ""; // another question, another answer
    const byName = [...all].sort((a, b) => (a.piece < b.piece ? -1 : 1));
    choices.replaceChildren(...byName.map((one) => choiceOf(one, () => answer(one, best), desk.signal)));
  }

  const toggle = button("Predict, then reveal", toggleQuestion, desk.signal);
  desk.onUpdate(() => {
    if (desk.isHidden && desk.outlook && !desk.isBusy && desk.outlook !== asked) ask();
    setHidden(question, !desk.isHidden);
    toggle.disabled = !(desk.outlook || desk.isHidden) || desk.isWriting;
    setText(toggle, desk.isHidden ? "Show the answer" : "Predict, then reveal");
    setAttribute(toggle, "aria-pressed", String(desk.isHidden));
  });
  const restart = (): void => {
    answers = [];
    verdict.textContent = "";
  };
  return { button: toggle, element: h("div", {}, question, verdict), restart };
}

function choiceOf({ piece }: Candidate, onClick: () => void, signal: AbortSignal): HTMLButtonElement {
  const [shown, spoken] = shownAs(piece);
  const choice = button(shown, onClick, signal);
  setAttribute(choice, "aria-label", spoken);
  return choice;
}

function verdictOn(chosen: Candidate, best: Candidate): string {
  const [name, likeliest] = [chosen, best].map(({ piece, chance }) => `“${shownAs(piece)[0]}” with ${fixed(chance)}`);
  return chosen.id === best.id ? `Right: ${name}.` : `Not quite: you chose ${name}; the likeliest is ${likeliest}.`;
}
