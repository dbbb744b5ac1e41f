// What all sections of the writer see: the state, the model once it has come, what it says, and who is told.

import { randomNumbers } from "../../core/random";
import { ModelDesk } from "../../play/desk";
import { messageOf } from "../../play/message";
import type { Stored } from "../../play/parts";
import type { Reading, WriteRequest } from "../../play/writing";
import { writeTraits } from "../host";
import { type Candidate, Outlook } from "./outlook";
import { areAlike, MOST_CHARACTERS, readState, type State, samplingOf, type Traits, type WriterModel } from "./state";

const ROOM = 1000; // characters that one go of writing may add

export class Desk extends ModelDesk<Traits> {
  /** Of n-grams, to be fetched; null where nobody has counted. */
  readonly counts: Stored | null;
  state: State;
  /** What is to be known of the text. */
  notice: string;
  outlook: Outlook | null = null;
  isWriting: boolean;

  readonly #start: State;
  readonly #random = randomNumbers(0);
  #reading: Promise<void> = Promise.resolve();
  #asked: string | null = null; // the text that is being read, or was
  #written = ""; // what writing has made of the text so far

  constructor(traits: WriterModel, signal: AbortSignal) {
    super(traits, traits.get("stored"), signal);
    this.counts = traits.get("counts");
    this.notice = "";
    this.isWriting = false;
    this.state = readState(traits);
    this.#start = this.state;
  }

  /** Set some of the state. */
  change(changes: Partial<State>): Promise<void> {
    writeTraits(this.traits, changes);
    return this.refresh();
  }

  reset(): void {
    this.isHidden = false;
    this.change(this.#start);
  }

  /** Read the traits anew, and the text, where it is another; done when that is read. */
  override async refresh(): Promise<void> {
    this.state = readState(this.traits);
    if (this.isWriting && this.state.text !== this.#written) this.stop();
    const mayRead = this.model.phase === "ready" && !this.isWriting && this.state.text !== this.#asked;
    if (mayRead) this.#reading = this.#read();
    this.outlook?.weigh(this.state);
    this.tell();
    await this.#reading;
  }

  /** The model fetched, if it was not, and what stands there read. */
  async wake(): Promise<void> {
    await this.model.wake();
    await this.#reading;
  }

  /** Add so many tokens, the first of which may be chosen already. */
  async write(count: number, first: number | null = null): Promise<void> {
    await this.wake();
    const { engine } = this.model;
    if (!engine || this.isWriting) return;
    const { text } = this.state;
    if (text.length > MOST_CHARACTERS - ROOM) {
      this.#note(`There is no room for more: a text has at most ${MOST_CHARACTERS} characters.`);
      return;
    }
    const seed = Math.floor(this.#random() * 2 ** 32);
    const request: WriteRequest = { text, first, count, sampling: samplingOf(this.state), seed };
    const show = (longer: string): void => {
      if (!this.isWriting) return;
      this.#written = longer;
      this.change({ text: longer });
    };
    this.#written = text;
    this.isWriting = true;
    this.tell();
    const all = await engine.run<string, string>("write", request, show).catch((error) => this.#note(messageOf(error)));
    if (all !== undefined) show(all);
    this.isWriting = false;
    await this.refresh();
  }

  /** Write no more. */
  stop(): void {
    this.isWriting = false;
    this.model.engine?.stop();
    this.refresh();
  }

  /** Draw so often, and put back each time. */
  async drawMany(count: number): Promise<void> {
    await this.wake();
    this.outlook?.draw(count, this.#random);
    this.tell();
  }

  /** The likeliest tokens; until the model has come those that Python has found, if the state is still the same. */
  candidates(count: number): Candidate[] {
    if (this.outlook) return this.outlook.candidates(count);
    const { of, rows } = this.traits.get("opening");
    if (this.model.phase === "ready" || !areAlike(of, this.state)) return [];
    return rows.slice(0, count).map(([piece, chance, now]) => ({ id: -1, piece, chance, now, drawn: 0 }));
  }

  async #read(): Promise<void> {
    const { text } = this.state;
    this.#asked = text;
    this.isBusy = true;
    this.notice = "";
    let reading: Reading | null | undefined = null;
    try {
      reading = await this.model.engine?.run<Reading | null>("read", { text });
      if (reading === undefined) return; // overtaken
      if (reading === null) this.notice = "There is nothing to go on from: type something.";
    } catch (error) {
      this.notice = messageOf(error);
    }
    this.outlook = reading ? new Outlook(reading, this.model.pieces, this.state) : null;
    this.isBusy = false;
    this.tell();
  }

  #note(notice: string): void {
    this.notice = notice;
    this.tell();
  }
}
