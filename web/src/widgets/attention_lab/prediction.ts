// Predict, then reveal: the selected query's weights are hidden until the reader has guessed the largest.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { setAttribute } from "../../controls/write";
import { quote } from "../../core/format";
import type { Lab } from "./lab";

export interface Prediction {
  button: HTMLButtonElement;
  score: HTMLElement;
  /** The reader's guess; it earns the key's weight as a share of the largest. */
  guess(key: number): void;
}

export function prediction(lab: Lab): Prediction {
  let points = 0;
  let rounds = 0;
  const score = h("span", { role: "status" });

  function toggle(): void {
    if (lab.hiddenRow >= 0) {
      lab.hiddenRow = -1;
    } else {
      if (rounds > 0) lab.change({ row: (lab.state.row + 1) % lab.T });
      lab.hiddenRow = lab.state.row;
    }
    score.textContent = "";
    lab.refresh();
  }

  function guess(key: number): void {
    const earned = pointsFor(lab.weightsOf(lab.state.row), key);
    points += earned;
    rounds += 1;
    lab.hiddenRow = -1;
    lab.change({ key });
    const word = quote(lab.inputs.keyTokens[key] ?? "");
    const tries = `${rounds} ${rounds === 1 ? "try" : "tries"}`;
    score.textContent = `You chose ${word}: ${earned} of 100 points; ${points} in ${tries}.`;
    toggleButton.textContent = "Predict the next word";
    lab.refresh();
  }

  const toggleButton = button("Predict, then reveal", toggle, lab.signal);
  lab.onUpdate(() => setAttribute(toggleButton, "aria-pressed", String(lab.hiddenRow >= 0)));
  return { button: toggleButton, score, guess };
}

function pointsFor(weights: Float64Array, key: number): number {
  const largest = Math.max(...weights);
  return largest > 0 ? Math.round((100 * (weights[key] ?? 0)) / largest) : 0;
}
