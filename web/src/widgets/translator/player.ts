// Writes by itself, a character after the other, at a pace; where the reader wants no motion, all at once.

import type { Desk } from "./desk";
import { LAST_STEP } from "./state";

export const PACES = [0.5, 1, 2, 4, 8]; // characters a second
const FIRST_PACE = 2;

export class Player {
  pace = FIRST_PACE;
  readonly #desk: Desk;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    desk.signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  /** The last place that can be written. */
  get last(): number {
    return Math.max(0, this.#desk.tokens.length - 1);
  }

  goTo(step: number): void {
    this.#stop();
    this.#desk.change({ step });
  }

  /** Begin to write, from the beginning if all is written; or stop. */
  toggle(): void {
    const desk = this.#desk;
    if (this.isPlaying) this.goTo(desk.step);
    else if (prefersStillness()) this.goTo(LAST_STEP);
    else {
      this.#wait();
      desk.change({ step: desk.step >= this.last ? 0 : desk.step });
    }
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      const next = this.#desk.step + 1;
      if (next >= this.last) this.#stop();
      else this.#wait();
      this.#desk.change({ step: Math.min(next, this.last) });
    }, 1000 / this.pace);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether the reader has asked for as little motion as can be: then nothing moves by itself. */
export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
