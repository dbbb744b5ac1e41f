// How an answer is judged: the twin of src/llmbook/exercises/judging.py, of what can be typed.

import { difference, distance } from "./comparing";
import type { Exercise, Known, Mistake } from "./exercise";
import { hintOfNumbers } from "./hints";
import { read } from "./reading";
import { isBlank, missingPart, type Typed } from "./typed";

export interface Verdict {
  outcome: "blank" | "right" | "wrong" | "unread"; // unread: no answer of the kind that is asked for
  says: string;
}

/** The line `check` prints, but for the blank one, which speaks of the field. */
export function judge(exercise: Exercise, text: string): Verdict {
  const answer = read(text, exercise.answer);
  if (isBlank(answer)) return { outcome: "blank", says: "Not yet: write your answer in the field." };
  const missing = missingPart(answer);
  if (missing) return { outcome: "blank", says: `Not yet: ${missing}` };

  const differs = difference(answer, exercise.answer, exercise);
  const known = mistaken(exercise, answer, differs === null ? exercise.answer : null);
  if (known) return { outcome: "wrong", says: `Not quite: ${known.says}` };
  if (differs === null) return { outcome: "right", says: `Correct: ${exercise.right}` };
  const numbers = exercise.answer;
  const hint = typeof numbers === "object" ? hintOfNumbers(answer, numbers, exercise) : null;
  const unread = hint === null && / should be made of numbers, |^the answer is |^answer with one word/.test(differs);
  return { outcome: unread ? "unread" : "wrong", says: `Not quite: ${hint ?? differs}` };
}

/** The nearest mistake an answer agrees with; where it agrees with the right one too, if that is farther. */
function mistaken(exercise: Exercise, answer: Typed, right: Known | null): Mistake | null {
  const agreed = exercise.mistakes.filter((mistake) => difference(answer, mistake.answer, exercise) === null);
  const [first, ...others] = agreed;
  if (!first) return null;
  const away = (mistake: Mistake) => distance(answer, mistake.answer);
  const nearest = others.reduce((best, mistake) => (away(mistake) < away(best) ? mistake : best), first);
  return right !== null && distance(answer, right) <= away(nearest) ? null : nearest;
}
