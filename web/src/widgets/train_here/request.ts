// What the one who trains is asked to do.

import type { RunRecord } from "./run_record";
import { PIECE, type State } from "./state";
import type { TrainRequest } from "./tasks";

const PACE = 200; // ms between two reports
const SLOW_PACE = 1000; // where the reader wants little to move

/** Go on with a run until a step; until step 0: only look. */
export function requestOf(run: RunRecord, { place, layer, head }: State, until: number): TrainRequest {
  const { number, text, settings, losses, heldOut, samples } = run;
  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    run: number,
    text,
    settings,
    until,
    look: {
      place: Math.min(place, [...text].length - PIECE),
      layer: Math.min(layer, settings.n_layers - 1),
      head: Math.min(head, settings.n_heads - 1),
    },
    known: { losses: losses.length, heldOut: heldOut.length, samples: samples.length },
    pace: quiet ? SLOW_PACE : PACE,
  };
}
