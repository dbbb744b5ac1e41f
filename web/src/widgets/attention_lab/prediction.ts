// Predict, then reveal: a query's weights are hidden until the reader has guessed the largest. Each question is about
// a query whose answer has not been told yet, as long as there is one.

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
  /** Forget all points. */
  restart(): void;
}

export function prediction(lab: Lab): Prediction {
  let points = 0;
  let rounds = 0;
  const score = h("span", { role: "status" });

  function toggle(): void {
    score.textContent = "";
    lab.hide(lab.hiddenRow >= 0 ? -1 : nextRow());
  }

  function guess(key: number): void {
    const earned = pointsFor(lab.weightsOf(lab.state.row), key);
    points += earned;
    rounds += 1;
    lab.change({ key });
    const word = quoteOf(lab.inputs.keyTokens, key);
    const total = rounds > 1 ? `, ${points} of ${100 * rounds} in all` : "";
    score.textContent = `You chose ${word}: ${earned} of 100 points${total}.`;
    lab.hide(-1);
  }

  function restart(): void {
    points = 0;
    rounds = 0;
    score.textContent = "";
  }

  function nextRow(): number {
    const rows = Array.from({ length: lab.T }, (_, i) => (lab.state.row + 1 + i) % lab.T);
    return rows.find((row) => !lab.seen.has(row)) ?? rows[0] ?? 0;
  }

  function nameButton(): void {
    const next = quoteOf(lab.inputs.tokens, nextRow());
    const question = rounds > 0 ? `Next: where will ${next} look?` : "Predict, then reveal";
    setText(toggleButton, lab.hiddenRow >= 0 ? "Show the answer" : question);
    setAttribute(toggleButton, "aria-pressed", String(lab.hiddenRow >= 0));
  }

  const toggleButton = button("Predict, then reveal", toggle, lab.signal);
  lab.onUpdate(nameButton);
  return { button: toggleButton, score, guess, restart };
}

function pointsFor(weights: Float64Array, key: number): number {
  const largest = Math.max(...weights);
  return largest > 0 ? Math.round((100 * (weights[key] ?? 0)) / largest) : 0;
}
