// Predictions of runs: the one that waits for its answer, and the score of those that had theirs.

import { keepForecast } from "../../answers/store";
import { describeScore, type Forecast } from "../../core/calibration";
import { fixed } from "../../core/format";
import type { Question } from "./question";
import type { RunRecord } from "./run_record";
import type { Trainer } from "./trainer";

interface Pending {
  question: Question;
  choice: number;
  /** The probability, or empty. */
  sure: string;
  /** The run that will answer. */
  run: RunRecord;
  /** Whether the same run was seen before. */
  isKnown: boolean;
}

/** The same text and settings make the same run. */
const nameOf = ({ digest, settings }: RunRecord): string => JSON.stringify([digest, ...Object.values(settings)]);

const KNOWN = "You have seen this run before, so the answer does not count.";

export class Forecaster {
  /** What there is to say of the last prediction. */
  verdict = "";
  readonly #trainer: Trainer;
  #forecasts: Forecast[] = [];
  #pending: Pending | null = null;
  readonly #known = new Set<string>(); // runs of which something was seen

  constructor(trainer: Trainer) {
    this.#trainer = trainer;
    trainer.onReport((run) => {
      this.#judge(run);
      if (run.step > 0) this.#known.add(nameOf(run));
    });
  }

  /** The run has just begun. */
  wait(pending: Omit<Pending, "isKnown">): void {
    const { question, choice, run } = pending;
    this.#pending = { ...pending, isKnown: this.#known.has(nameOf(run)) };
    this.verdict = `You said: ${question.choices[choice]}. The answer comes at step ${question.step}.`;
  }

  /** A run that does not go on answers no more. */
  check(): void {
    const { run, isFresh, trouble } = this.#trainer;
    if (!this.#pending || !(isFresh || run !== this.#pending.run || trouble !== null)) return;
    this.#pending = null;
    this.verdict = "The run has ended before its answer.";
  }

  restart(): void {
    this.#forecasts = [];
    this.#pending = null;
    this.verdict = "";
  }

  #judge(run: RunRecord): void {
    if (!this.#pending || run !== this.#pending.run) return;
    const { question, choice, sure, isKnown } = this.#pending;
    const loss = run.heldOutAt(question.step);
    if (loss === undefined) return;
    const truth = question.answerOf(loss);
    const right = truth === choice;
    if (sure !== "" && !isKnown) {
      this.#forecasts.push(keepForecast("train_here", this.#trainer, { sure: Number(sure), right }));
    }
    const told = `at step ${question.step} the held-out loss is ${fixed(loss, 3)}, ${question.choices[truth]}.`;
    this.verdict = `${right ? "Right" : "Not so"}: ${told} ${isKnown ? KNOWN : describeScore(this.#forecasts)}`.trim();
    this.#pending = null;
  }
}
