// What is asked before a run: of a first one, where its held-out loss will stand among those who count; of a later one
// on the same text, whether it will be lower than that of the run before.

import { fixed } from "../../core/format";
import { settingsOf } from "./state";
import type { Trainer } from "./trainer";

export interface Question {
  text: string;
  /** The step at which it is answered. */
  step: number;
  choices: string[];
  /** The number of the right choice, by the held-out loss at that step. */
  answerOf(loss: number): number;
}

const LATEST = 500;
const FAR = 0.3; // nats below counting pairs

/** Null where there is no run to come. */
export function ask(trainer: Trainer): Question | null {
  const { known, run, text, state, isFresh } = trainer;
  if (typeof known === "string" || !isFresh) return null;
  const { steps } = settingsOf(state);
  const step = Math.min(steps, LATEST);
  const before = run && run.text === text ? run.heldOutAt(step) : undefined;
  if (before !== undefined) {
    return {
      text: `The run before had a held-out loss of ${fixed(before, 3)} at step ${step}. This one’s will be …`,
      step,
      choices: ["lower", "not lower"],
      answerOf: (loss) => Number(loss >= before),
    };
  }
  const { unigram, bigram } = known.frequencies;
  const edges = [unigram, bigram, bigram - FAR];
  const shown = edges.map((edge) => fixed(edge, 2));
  return {
    text: `Where will the held-out loss be at step ${step}? Counting letters gives ${shown[0]}, counting pairs ${shown[1]}.`,
    step,
    choices: [
      `above ${shown[0]}`,
      `between ${shown[1]} and ${shown[0]}`,
      `between ${shown[2]} and ${shown[1]}`,
      `below ${shown[2]}`,
    ],
    answerOf: (loss) => edges.filter((edge) => loss <= edge).length,
  };
}
