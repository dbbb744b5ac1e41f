// What all sections of the translator see: the state, what was found for the text, and who is told when either changes.

import { ModelDesk } from "../../play/desk";
import { messageOf } from "../../play/message";
import type { Found, FoundText } from "../../play/translating";
import { writeTraits } from "../host";
import { type Meaning, meaningOf } from "./dates";
import { openingOf, tokensOf, weightsOf } from "./found";
import { type About, readState, type State, type Traits, type TranslatorTraits } from "./state";
import { troubleWith } from "./trouble";

export class Desk extends ModelDesk<Traits> {
  readonly about: About;
  state: State;
  found: Found | null;
  /** Of the text for which that was found. */
  meaning: Meaning;
  /** Why the text cannot be read, or what went wrong. */
  trouble: string;
  weights: Float64Array;

  readonly #start: State;
  #asked = ""; // for what is being searched, or was
  #weighed: unknown[] = [];

  constructor(traits: TranslatorTraits, signal: AbortSignal) {
    super(traits, traits.get("source").stored, signal);
    this.about = traits.get("source");
    this.state = readState(traits);
    this.#start = this.state;
    this.meaning = { kind: "unknown" };
    this.found = null;
    this.trouble = "";
    this.weights = new Float64Array();
    this.refresh();
  }

  /** The text that is looked at; null where there is none. */
  get shown(): FoundText | null {
    const texts = this.found?.texts ?? [];
    return texts[Math.min(this.state.beam, texts.length - 1)] ?? null;
  }

  /** The characters of the text that is looked at, with the end. */
  get tokens(): string[] {
    return tokensOf(this.shown?.ids ?? [], this.about);
  }

  /** What is read, character by character. */
  get read(): string[] {
    return [...(this.found?.text ?? "")];
  }

  /** The character that is being written, and the one read that is looked at. */
  get step(): number {
    return Math.max(0, Math.min(this.state.step, (this.shown?.ids.length ?? 0) - 1));
  }

  get key(): number {
    return Math.max(0, Math.min(this.state.key, this.read.length - 1));
  }

  /** Set some of the state. */
  change(changes: Partial<State>): void {
    writeTraits(this.traits, changes);
    this.refresh();
  }

  reset(): void {
    this.isHidden = false;
    this.change(this.#start);
  }

  /** Somebody else may have set traits. */
  follow(): void {
    const now = readState(this.traits);
    const names = Object.keys(now) as (keyof State)[];
    if (names.some((name) => now[name] !== this.state[name])) this.refresh();
  }

  /** Read the traits anew, and search, where they ask for something else. */
  override refresh(): void {
    this.state = readState(this.traits);
    const { text, width } = this.state;
    const asked = JSON.stringify([text, width, this.model.phase === "ready"]);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.trouble = troubleWith(text, this.about);
      this.#search();
    }
    this.#weigh();
    this.tell();
  }

  async #search(): Promise<void> {
    const { text, width } = this.state;
    const { phase, engine } = this.model;
    this.isBusy = false;
    if (this.trouble || phase !== "ready" || !engine) {
      engine?.stop();
      this.#show(this.trouble ? null : openingOf(this.about, this.state));
      return;
    }
    this.isBusy = true; // what was found before stays in sight meanwhile
    try {
      const found = await engine.run<Found>("search", { text, width });
      if (found === undefined) return; // overtaken
      this.#show(found);
    } catch (error) {
      this.trouble = messageOf(error);
      this.#show(null);
    }
    this.isBusy = false;
    this.#weigh();
    this.tell();
  }

  #show(found: Found | null): void {
    this.found = found;
    this.meaning = meaningOf(found?.text ?? "", this.about.dates);
  }

  /** The weights that are looked at; where nothing else is, they stay. */
  #weigh(): void {
    const { shown, state } = this;
    const asked = [shown, state.layer, state.head];
    if (asked.every((one, i) => one === this.#weighed[i]) && this.#weighed.length > 0) return;
    this.#weighed = asked;
    this.weights = shown ? weightsOf(shown, this.about, state) : new Float64Array();
  }
}
