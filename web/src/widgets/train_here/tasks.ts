// What is said between the widget and the one who trains.

import type { Settings } from "./state";

/** What is looked at while the model learns. */
export interface Look {
  place: number;
  layer: number;
  head: number;
}

export interface TrainRequest {
  /** The number of the run: with another number another run begins. */
  run: number;
  text: string;
  settings: Settings;
  /** The last step to be done; the present one to do none, and only look. */
  until: number;
  look: Look;
  /** How much of the run is known already. */
  known: { losses: number; heldOut: number; samples: number };
  /** Between two reports, in ms. */
  pace: number;
}

/** What is new since the last report, or since what is known. */
export interface Report {
  step: number;
  losses: number[];
  heldOut: [step: number, loss: number][];
  samples: [step: number, text: string][];
  /** What the head looks at: (n, n). */
  attention: Float64Array;
  /** Steps a second, held-out losses and samples included; 0 where none was done. */
  rate: number;
}
