// How often the reader named the hidden word, how often the model did, and how well the reader knew it.

import { brierScore, type Forecast } from "../../core/calibration";
import { fixed } from "../../core/format";

export class Score {
  #asked = 0;
  #named = 0;
  #models = 0;
  readonly #forecasts: Forecast[] = [];

  /** Whether the reader was right, whether the model was, and how sure the reader said to be. */
  add(right: boolean, model: boolean, sure: number | null): void {
    this.#asked++;
    this.#named += Number(right);
    this.#models += Number(model);
    if (sure !== null) this.#forecasts.push({ sure, right });
  }

  get text(): string {
    const both = `Of ${this.#asked} you have named ${this.#named}, and the model, which chooses among all its words, ${this.#models}.`;
    const count = this.#forecasts.length;
    if (count === 0) return both;
    const of = count === 1 ? "this answer" : `${count} answers`;
    return `${both} Brier score of ${of}: ${fixed(brierScore(this.#forecasts))} (0 is best; always saying 50 % gets 0.25).`;
  }
}
