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
const FAR = 0.3; // nats below the better of those who count, and never more than half of what it has

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
  const [high, low] = [Math.max(unigram, bigram), Math.min(unigram, bigram)]; // where pairs tell nothing, letters win
  const edges = [high, low, Math.max(low - FAR, low / 2)];
  const shown = edges.map((edge) => fixed(edge, 2));
  const counted = `Counting letters gives ${fixed(unigram, 2)}, counting pairs ${fixed(bigram, 2)}.`;
  return {
    text: `Where will the held-out loss be at step ${step}? ${counted}`,
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
