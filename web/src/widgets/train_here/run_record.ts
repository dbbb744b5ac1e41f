// What the widget knows of a run: its settings, and everything that was reported of it.

import type { Frequencies } from "../../core/training/frequencies";
import { hash } from "../../core/words";
import { EVERY, type Settings } from "./state";
import type { Report } from "./tasks";

interface RunOptions {
  number: number;
  text: string;
  isOwn: boolean;
  settings: Settings;
  parameters: number;
  frequencies: Frequencies;
  batch: number;
}

export class RunRecord {
  readonly number: number;
  readonly text: string;
  /** Whether the text is the book's own. */
  readonly isOwn: boolean;
  readonly settings: Settings;
  readonly parameters: number;
  readonly frequencies: Frequencies;
  readonly batch: number;
  step = 0;
  readonly losses: number[] = [];
  readonly heldOut: [step: number, loss: number][] = [];
  readonly samples: [step: number, text: string][] = [];
  attention = new Float64Array();
  /** Steps a second, when it last went on. */
  rate = 0;

  constructor({ number, text, isOwn, settings, parameters, frequencies, batch }: RunOptions) {
    this.number = number;
    this.text = text;
    this.isOwn = isOwn;
    this.settings = settings;
    this.parameters = parameters;
    this.frequencies = frequencies;
    this.batch = batch;
  }

  /** Whether it is the run of this text and these settings. */
  isOf(text: string, settings: Settings): boolean {
    const names = Object.keys(settings) as (keyof Settings)[];
    return this.text === text && names.every((name) => this.settings[name] === settings[name]);
  }

  take({ step, losses, heldOut, samples, attention, rate }: Report): void {
    this.step = step;
    this.losses.push(...losses);
    this.heldOut.push(...heldOut);
    this.samples.push(...samples);
    this.attention = new Float64Array(attention);
    if (rate > 0) this.rate = rate;
  }

  /** The last held-out loss that was measured; NaN before the first. */
  get latest(): number {
    return this.heldOut[this.heldOut.length - 1]?.[1] ?? Number.NaN;
  }

  /** The held-out loss after this step, where it was measured. */
  heldOutAt(step: number): number | undefined {
    return this.heldOut.find(([at]) => at === step)?.[1];
  }

  /** The mean training loss of the steps from one look at the held-out text to this one. */
  trainingAt(step: number): number | undefined {
    const some = this.losses.slice(Math.max(0, step - EVERY), step);
    return some.length ? some.reduce((sum, loss) => sum + loss, 0) / some.length : undefined;
  }

  /** How many characters were learned from, each as often as it was. */
  get charactersSeen(): number {
    return this.step * this.batch * this.settings.length;
  }

  /** Eight characters that tell this text from others. */
  get digest(): string {
    return hash(this.text).toString(16).padStart(8, "0");
  }
}
