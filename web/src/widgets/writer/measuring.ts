// How surprising the whole text is, asked of the one who computes; and the counts of n-grams, once the reader wants them.

import { messageOf } from "../../play/message";
import { loadParts, type Stored } from "../../play/parts";
import type { Surprises } from "../../play/surprises";
import type { Desk } from "./desk";

export class Measuring {
  /** Of the text that stood there last. */
  found: Surprises | null = null;
  /** What there is to fetch; null where nobody has counted the model's tokens. */
  readonly counts: Stored | null;
  phase: "asleep" | "loading" | "failed" | "ready" = "asleep";
  /** How far it is, or why it is not. */
  note = "";
  readonly #desk: Desk;
  readonly #onChange: () => void;
  #bytes: Uint8Array | undefined; // until they are handed on
  #asked: string | null = null; // the text that is measured, or was
  #runs = 0;

  constructor(desk: Desk, counts: Stored | null, onChange: () => void) {
    this.#desk = desk;
    this.counts = counts;
    this.#onChange = onChange;
  }

  /** Whether what was found is not of the text that stands there. */
  get isBusy(): boolean {
    return this.found?.text !== this.#desk.outlook?.reading.text;
  }

  /** Fetch the counts of n-grams. */
  async compare(): Promise<void> {
    const { counts } = this;
    if (!counts || this.phase === "loading" || this.phase === "ready") return;
    await this.#desk.wake();
    if (this.#desk.model.phase !== "ready") return;
    const onProgress = (loaded: number): void => {
      this.#tell("loading", `The counts are coming: ${Math.round((100 * loaded) / counts.bytes)} %.`);
    };
    onProgress(0);
    try {
      this.#bytes = await loadParts(this.#desk.traits, counts, { onProgress, signal: this.#desk.signal });
      this.#asked = null;
      this.#tell("ready", "");
      this.update();
    } catch (error) {
      this.#tell("failed", `The counts did not come: ${messageOf(error)}.`);
    }
  }

  /** Measure the text that stands there, if it is read and was not measured. */
  async update(): Promise<void> {
    const { outlook, isBusy, isWriting, state, model } = this.#desk;
    const { text } = state;
    if (isBusy || isWriting || outlook?.reading.text !== text || this.#asked === text) return;
    this.#asked = text;
    const run = ++this.#runs;
    const onPart = (share: number): void => {
      this.#tell(this.phase, share < 1 ? `The model has read ${Math.round(100 * share)} % of your text.` : "");
    };
    const request = { text, ...(this.#bytes && { counts: this.#bytes }) };
    this.#bytes = undefined; // they are on their way, whoever overtakes this
    const fail = (error: unknown): void => this.#tell(this.phase, messageOf(error));
    const found = await model.engine?.run<Surprises, number>("surprises", request, onPart).catch(fail);
    if (run !== this.#runs) return;
    if (!found)
      this.#asked = null; // overtaken; to be asked again
    else {
      this.found = found;
      this.#tell(this.phase, "");
    }
  }

  #tell(phase: Measuring["phase"], note: string): void {
    if (this.#desk.signal.aborted) return;
    this.phase = phase;
    this.note = note;
    this.#onChange();
  }
}
