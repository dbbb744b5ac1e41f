// What all sections of the gap filler see: the sentence and its gaps, the model once it has come, what it says of them,
// and who is told.

import { allWords, askedPlaces, type Gaps, MOST_WORDS, seenWords } from "../../core/gaps";
import { ModelDesk } from "../../play/desk";
import type { Filled, Gap } from "../../play/filling";
import { messageOf } from "../../play/message";
import { writeTraits } from "../host";
import { moved } from "./editing";
import { areAlike, type GapModel, type Opening, readState, sorted, type Traits } from "./state";

/** What is said of which state. */
interface Answer extends Pick<Filled, "known"> {
  of: Gaps;
  gaps: (Omit<Gap, "looks"> & Partial<Gap>)[];
}

export type Told = Answer["gaps"][number];

export class Desk extends ModelDesk<Traits> {
  readonly opening: Opening;
  state: Gaps;
  /** All words of the text, and those that the model reads. */
  all: string[] = [];
  words: string[] = [];
  /** At each place what the model sees, null where that is [MASK]. */
  seen: (string | null)[] = [];
  answer: Answer;
  /** What has just been done to the sentence, where that is worth a word. */
  done: string;
  /** Why the model does not answer. */
  trouble: string;

  readonly #start: Gaps;
  #asked: Gaps | null = null; // what is being asked, or was
  #asking: Promise<void> = Promise.resolve();

  constructor(traits: GapModel, signal: AbortSignal) {
    super(traits, traits.get("stored"), signal);
    this.opening = traits.get("opening");
    this.answer = this.opening;
    this.done = "";
    this.trouble = "";
    this.state = readState(traits);
    this.#start = this.state;
    this.#look();
  }

  /** Set some of the state. */
  change(changes: Partial<Gaps>, done = ""): Promise<void> {
    this.done = done;
    writeTraits(this.traits, changes);
    return this.refresh();
  }

  /** The reader's own text; gaps stay with their words. */
  type(text: string): void {
    const next = allWords(text).slice(0, MOST_WORDS);
    const keep = moved(this.words, next);
    const hidden = sorted(this.state.hidden.flatMap((place) => keep(place) ?? []));
    const put = this.state.put.flatMap(([place, word]): Gaps["put"] => {
      const now = keep(place);
      return now === null ? [] : [[now, word]];
    });
    this.isHidden = false;
    this.change({ text, hidden, put });
  }

  /** What stands at a place: [MASK] (null), a word, or again its own. */
  set(place: number, word: string | null | undefined, done = ""): void {
    const hidden = this.state.hidden.filter((other) => other !== place);
    const put = this.state.put.filter(([other]) => other !== place);
    if (word === null) hidden.push(place);
    else if (word !== undefined) put.push([place, word]);
    this.change({ hidden: sorted(hidden), put: put.sort(([a], [b]) => a - b) }, done);
  }

  /** Say something, and change nothing. */
  note(done: string): void {
    this.done = done;
    this.tell();
  }

  reset(): void {
    this.isHidden = false;
    this.change(this.#start);
  }

  /** Read the traits anew, and ask the model, where they are others; done when it has answered. */
  override async refresh(): Promise<void> {
    this.state = readState(this.traits);
    this.#look();
    const isNew = this.#asked === null || !areAlike(this.#asked, this.state);
    if (this.model.phase === "ready" && isNew) this.#asking = this.#ask();
    this.tell();
    await this.#asking;
  }

  /** What is said of the gaps; nothing while the reader is asked, or of another sentence. */
  get gaps(): Told[] {
    return this.isHidden ? [] : this.told;
  }

  /** The same, even while the reader is asked. */
  get told(): Told[] {
    const { of } = this.answer;
    const isOfThis = areAlike(of, this.state) || (this.isBusy && of.text === this.state.text);
    return isOfThis ? this.answer.gaps : [];
  }

  /** Whether the model knows the word at this place, as far as it has been asked. */
  knows(place: number): boolean {
    return this.answer.of.text !== this.state.text || this.answer.known[place] !== false;
  }

  /** The places at which the model is asked. */
  get places(): number[] {
    return askedPlaces(this.words, this.state);
  }

  #look(): void {
    this.all = allWords(this.state.text);
    this.words = this.all.slice(0, MOST_WORDS);
    this.seen = seenWords(this.words, this.state);
  }

  async #ask(): Promise<void> {
    const asked = this.state;
    this.#asked = asked;
    this.isBusy = true;
    this.trouble = "";
    try {
      const filled = await this.model.engine?.run<Filled>("fill", asked);
      if (filled === undefined) return; // overtaken
      this.answer = { of: asked, ...filled };
    } catch (error) {
      this.trouble = messageOf(error);
    }
    this.isBusy = false;
    this.tell();
  }
}
