// Predict, then reveal: one word of a sentence that the model has not read is hidden, and the reader says which it was,
// among six, and how sure that is. The model says the same, among all words it knows.

import { keepForecast } from "../../answers/store";
import { button } from "../../controls/button";
import { h, uniqueId } from "../../controls/element";
import { surenessSelect } from "../../controls/sureness";
import { setAttribute, setText } from "../../controls/write";
import { randomNumbers } from "../../core/random";
import type { Desk, Told } from "./desk";
import { hideOne, type Question } from "./question";
import { Score } from "./score";
import { quoted, rankOf } from "./sentence";

const CHOICES = 6;

export class Prediction {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #random = randomNumbers(Math.floor(Math.random() * 2 ** 32));
  readonly #sure: HTMLSelectElement;
  readonly #choices: HTMLElement;
  readonly #verdict: HTMLElement;
  #score = new Score();
  #question: Question | null = null;
  #isAsked = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    const id = uniqueId("sure");
    this.#sure = surenessSelect({ id });
    this.#choices = h("div", { class: "buttons", role: "group", "aria-label": "Which word stood in the gap?" });
    this.#verdict = h("p", { class: "verdict", role: "status" });
    const label = h("label", { for: id }, "How sure are you? ");
    const question = h("div", { class: "question" }, label, this.#sure, this.#choices);
    this.button = button("Predict, then reveal", () => this.#toggle(), desk.signal);
    this.element = h("div", {}, question, this.#verdict);
    desk.onUpdate(() => {
      if (desk.state.text !== this.#question?.asked) desk.isHidden = false;
      if (!desk.isHidden) this.#question = null;
      const [gap] = desk.told;
      if (this.#question && !this.#isAsked && gap && !desk.isBusy) this.#ask(this.#question, gap);
      question.hidden = !desk.isHidden;
      setText(this.button, desk.isHidden ? "Show the answer" : "Predict, then reveal");
      setAttribute(this.button, "aria-pressed", String(desk.isHidden));
    });
  }

  /** Forget all answers. */
  restart(): void {
    this.#score = new Score();
    this.#verdict.textContent = "";
  }

  #toggle(): void {
    this.#verdict.textContent = "";
    this.#choices.replaceChildren();
    if (this.#question) {
      this.#reveal(this.#question);
      return;
    }
    const desk = this.#desk;
    this.#question = hideOne(desk.opening.sentences, desk.state.text, this.#random);
    this.#isAsked = false;
    desk.isHidden = true;
    desk.change({ text: this.#question.asked, hidden: [], put: [], side: "both", reach: null });
  }

  #ask({ truth }: Question, gap: Told): void {
    this.#isAsked = true;
    this.#sure.value = ""; // another question, another answer
    const others = gap.likeliest.map(({ word }) => word).filter((word) => word !== truth);
    const words = [truth, ...others.slice(0, CHOICES - 1)].sort((a, b) => (a < b ? -1 : 1));
    const choose = (word: string) => button(word, () => this.#answer(word, gap), this.#desk.signal);
    this.#choices.replaceChildren(...words.map(choose));
  }

  #answer(word: string, gap: Told): void {
    const question = this.#question;
    if (!question) return;
    const right = word === question.truth;
    const sure = this.#sure.value === "" ? null : Number(this.#sure.value);
    if (sure !== null) keepForecast("gap_filler", this.#desk, { sure, right });
    this.#score.add(right, gap.likeliest[0]?.word === question.truth, sure);
    this.#reveal(question);
    this.#verdict.textContent = `${verdictOn(word, question, gap)} ${this.#score.text}`;
  }

  #reveal({ text, place }: Question): void {
    this.#question = null;
    this.#desk.isHidden = false;
    this.#desk.change({ text, hidden: [place], put: [] });
    this.button.focus(); // the button that was pressed is gone
  }
}

function verdictOn(word: string, { truth }: Question, { likeliest }: Told): string {
  const rank = likeliest.findIndex((one) => one.word === truth);
  const chance = likeliest[rank]?.chance;
  const [first] = likeliest;
  const said = `${word === truth ? "Right" : "Not quite"}: ${quoted(truth)} stood there.`;
  const models = chance === undefined ? "not among the first fifty" : rankOf({ rank: rank + 1, chance });
  const instead = rank === 0 || !first ? "" : `; its first was ${quoted(first.word)}`;
  return `${said} To the model that was ${models}${instead}.`;
}
