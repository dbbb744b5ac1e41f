// Which heads are shown, and in which order: all as the model has them, or those with a score, the largest first.

import { ranked } from "../../core/heads";
import type { Explorer } from "./explorer";

const NEAR = 1e-9; // two sums of the same numbers

/** The places of the heads that are shown. */
export function orderOf({ scores, state, set }: Explorer): number[] {
  if (!scores) return [...(set?.labels.keys() ?? [])];
  const all = state.order === "score" ? ranked(scores) : [...scores.keys()];
  return all.filter((place) => (scores[place] ?? 0) >= state.least - NEAR);
}
