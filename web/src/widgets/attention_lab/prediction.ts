// Predict, then reveal: a query's weights are hidden until the reader has guessed the largest. The first question is
// about the query after the selected one, whose answer is on the screen.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { quoteOf } from "../../core/legible";
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
      lab.hiddenRow = nextRow();
      lab.change({ row: lab.hiddenRow });
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
    const word = quoteOf(lab.inputs.keyTokens, key);
    const total = rounds > 1 ? `, ${points} of ${100 * rounds} in all` : "";
    score.textContent = `You chose ${word}: ${earned} of 100 points${total}.`;
    lab.refresh();
  }

  function nextRow(): number {
    return (lab.state.row + 1) % lab.T;
  }

  function nameButton(): void {
    const next = quoteOf(lab.inputs.tokens, nextRow());
    const question = rounds > 0 ? `Next: where will ${next} look?` : "Predict, then reveal";
    setText(toggleButton, lab.hiddenRow >= 0 ? "Show the answer" : question);
    setAttribute(toggleButton, "aria-pressed", String(lab.hiddenRow >= 0));
  }

  const toggleButton = button("Predict, then reveal", toggle, lab.signal);
  lab.onUpdate(nameButton);
  return { button: toggleButton, score, guess };
}

function pointsFor(weights: Float64Array, key: number): number {
  const largest = Math.max(...weights);
  return largest > 0 ? Math.round((100 * (weights[key] ?? 0)) / largest) : 0;
}
