// What all sections see: the state, the heads of its sentence once they have come, what they look at, and who is told.

import type { Kind } from "../../core/head_scores";
import { difference, type HeadSet, mayAttendOf, meanOf } from "../../core/heads";
import { writeTraits } from "../host";
import { fromTensors } from "./head_set";
import { Sets } from "./sets";
import { areAlike, type ExplorerModel, readState, type Source, type State } from "./state";
import { Weighed } from "./weighed";

const NONE = new Float64Array();
export class Explorer {
  readonly signal: AbortSignal;
  readonly source: Source;
  readonly sets: Sets;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  state: State;
  /** The heads of the sentence; undefined until they have come. */
  set: HeadSet | undefined;
  /** The head that is looked at in passing, by its place; below 0 none. */
  looked = -1;
  /** Whether a click adds a head to those that are chosen. */
  adds: boolean;
  /** What the reader is asked to find. */
  asked: Kind | null = null;
  /** The kinds of which a score or a head's name has been shown, each with its sentence. */
  readonly seen = new Set<string>();

  readonly #model: ExplorerModel;
  readonly #opening: State;
  readonly #own: HeadSet | undefined;
  readonly #onUpdate: (() => void)[] = [];
  #weighed: Weighed | undefined;

  constructor(model: ExplorerModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.adds = false;
    this.source = model.get("source");
    this.inNotebook = "send" in model;
    const prepared = this.source.kind === "prepared" ? this.source.sets : [];
    this.sets = new Sets(model as never, prepared, { onChange: () => this.refresh(), signal });
    this.#own = this.source.kind === "tensors" ? fromTensors(this.source) : undefined;
    this.state = readState(model);
    this.#opening = this.state;
    this.#read();
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  draw(): void {
    for (const action of this.#onUpdate) action();
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    this.#read();
    this.draw();
  }

  reset(): void {
    this.adds = false;
    this.asked = null;
    this.change(this.#opening);
    this.refresh();
  }

  /** Fetch the heads of the sentence. */
  wake(): void {
    this.sets.want(this.state.sentence);
  }

  /** The weights of all heads under the settings, (heads, T, T); of none until they have come. */
  get all(): Float64Array {
    return this.#weighed?.all ?? NONE;
  }

  /** Show the head at this place in passing, or none. */
  look(place: number): void {
    if (this.looked === place) return;
    this.looked = place;
    this.draw();
  }

  /** Choose a head instead of the others, or add it to them; one that was among them is taken away, unless it is alone. */
  choose(label: string, adds: boolean): void {
    const others = this.state.heads.filter((head) => head !== label);
    const isNew = others.length === this.state.heads.length;
    const together = isNew || others.length === 0 ? [...others, label] : others;
    this.change({ heads: adds ? together : [label] });
  }

  /** Another sentence, with what it opens with. */
  open(name: string): void {
    const next = this.sets.prepared.find((one) => one.name === name);
    if (!next) return;
    this.asked = null;
    const { row, key, head } = next;
    this.change({ sentence: name, heads: [head], kept: [], against: "nothing", row, key });
  }

  get words(): string[] {
    if (this.set) return this.set.words;
    return this.source.kind === "prepared" && this.isOpening ? this.source.opening.words : [];
  }

  /** Whether Python has found what is to be shown, while the heads have not come. */
  get isOpening(): boolean {
    return this.source.kind === "prepared" && areAlike(this.state, this.source.opening.of);
  }

  /** The places of the chosen heads, or of the one that is looked at. */
  get chosen(): number[] {
    return this.looked >= 0 ? [this.looked] : this.#places(this.state.heads);
  }

  get kept(): number[] {
    return this.#places(this.state.kept);
  }

  /** What is subtracted just now. */
  get against(): State["against"] {
    return this.state.against === "kept" && this.kept.length === 0 ? "nothing" : this.state.against;
  }

  get mayAttend(): Uint8Array {
    return this.set ? mayAttendOf(this.set, this.state.mask) : new Uint8Array(this.words.length ** 2).fill(1);
  }

  /** The chosen heads' weights, and those that are subtracted from them. */
  get parts(): [Float64Array, Float64Array | undefined] {
    const { set, all } = this;
    if (!set) {
      const rows = this.source.kind === "prepared" && this.isOpening ? this.source.opening.weights : [];
      return [Float64Array.from(rows.flat()), undefined];
    }
    const weights = meanOf(all, this.chosen, set.T);
    if (this.against === "own") return [weights, meanOf(set.own, this.chosen, set.T)];
    if (this.against === "kept") return [weights, meanOf(all, this.kept, set.T)];
    return [weights, undefined];
  }

  /** What the map shows, (T, T). */
  get shown(): Float64Array {
    return difference(...this.parts);
  }

  /** The score of all heads; undefined where the sentence has none of this kind. */
  scoresOf(kind: Kind): Float64Array | undefined {
    return this.#weighed?.scoresOf(kind);
  }

  /** The score that is shown of all heads: none while the reader is asked to find one. */
  get scores(): Float64Array | undefined {
    const { score, sentence } = this.state;
    if (this.asked || score === "none") return undefined;
    if (this.set) this.seen.add(`${sentence} ${score}`);
    return this.scoresOf(score);
  }

  /** What a head is called besides L16H0; nothing while the reader is asked to find one. */
  nameOf(place: number): string {
    return (!this.asked && this.set?.names[this.set.labels[place] ?? ""]) || "";
  }

  #places(labels: string[]): number[] {
    const { set } = this;
    return set ? labels.map((label) => set.labels.indexOf(label)).filter((place) => place >= 0) : [];
  }

  #read(): void {
    const asked = readState(this.#model);
    const { prepared } = this.sets;
    const sentence = prepared.find(({ name }) => name === asked.sentence) ?? prepared[0];
    this.state = { ...asked, sentence: sentence?.name ?? "" };
    const set = this.#own ?? this.sets.get(this.state.sentence);
    if (set !== this.set) this.looked = -1;
    this.set = set;
    const { state } = this;
    if (!set) {
      const failed = this.sets.trouble.has(state.sentence);
      if (!failed && (this.inNotebook || !this.isOpening)) this.wake();
      return;
    }
    const within = (labels: string[]): string[] => labels.filter((label) => set.labels.includes(label));
    const first = sentence?.head ?? set.labels[0] ?? "";
    const heads = within(state.heads);
    const cell = { row: Math.min(state.row, set.T - 1), key: Math.min(state.key, set.T - 1) };
    this.state = { ...state, ...cell, heads: heads.length ? heads : [first], kept: within(state.kept) };
    if (!this.#weighed?.isOf(set, state)) this.#weighed = new Weighed(set, state);
  }
}
