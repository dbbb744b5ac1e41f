// How often the reader named the hidden word, how often the model did, and how well the reader knew it.

import { describeScore, type Forecast } from "../../core/calibration";

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
    const both = `Of ${this.#asked} you have named ${this.#named}, and the model ${this.#models}; its first word is always among yours.`;
    return `${both} ${describeScore(this.#forecasts)}`.trim();
  }
}
