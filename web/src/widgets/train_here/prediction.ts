// Predict, then reveal: where will the held-out loss stand, or will it be lower than that of the run before? The run
// begins with the answer, which is judged when the run comes there; the score of all answers is Brier's.

import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setText } from "../../controls/write";
import { Forecaster } from "./forecaster";
import { ask, type Question } from "./question";
import type { Trainer } from "./trainer";

export interface Prediction {
  button: HTMLButtonElement;
  element: HTMLElement;
  /** Forget all answers. */
  restart(): void;
}

export function prediction(trainer: Trainer): Prediction {
  const forecaster = new Forecaster(trainer);
  let asked: Question | null = null;
  const id = uniqueId("sure");
  const sure = surenessSelect({ id });
  const text = h("p");
  const choices = h("div", { class: "buttons", role: "group", "aria-label": "Your prediction" });
  const question = h("div", { class: "question" }, text, h("label", { for: id }, "How sure are you? "), sure, choices);
  const verdict = h("p", { class: "verdict", role: "status" });

  const put = (next: Question | null): void => {
    asked = next;
    sure.value = ""; // another question, another answer
    setText(text, next?.text ?? "");
    const names = next?.choices ?? [];
    choices.replaceChildren(...names.map((name, choice) => button(name, () => answer(choice), trainer.signal)));
  };
  const answer = (choice: number): Promise<void> | undefined => {
    if (!asked) return;
    const said = { question: asked, choice, sure: sure.value };
    put(null);
    toggle.focus(); // the button that was pressed is gone
    const running = trainer.start();
    if (trainer.run) forecaster.wait({ ...said, run: trainer.run });
    trainer.tell();
    return running;
  };
  const onToggle = (): void => {
    put(asked ? null : ask(trainer));
    trainer.tell();
  };
  const toggle = button("Predict, then reveal", onToggle, trainer.signal);
  trainer.onUpdate(() => {
    forecaster.check();
    const now = ask(trainer);
    if (asked && asked.text !== now?.text) put(now); // the settings are others: so is the question
    question.hidden = asked === null;
    toggle.disabled = now === null;
    setText(toggle, asked ? "No prediction" : "Predict, then reveal");
    setText(verdict, forecaster.verdict);
  });
  const restart = (): void => {
    put(null);
    forecaster.restart();
  };
  return { button: toggle, element: h("div", {}, question, verdict), restart };
}
