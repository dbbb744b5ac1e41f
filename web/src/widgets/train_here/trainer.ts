// What all sections see: the state, the run and the one before it, and who is told when they change.

import { countParameters, type Sizes } from "../../core/training/parameters";
import { Engine } from "../../play/engine";
import { messageOf } from "../../play/message";
import { writeTraits } from "../host";
import { type Known, KnownText } from "./known";
import { requestOf } from "./request";
import { RunRecord } from "./run_record";
import { BATCH, readState, type State, settingsOf, type TrainModel } from "./state";
import type { Report } from "./tasks";
import serve from "./train.worker";

export class Trainer {
  readonly signal: AbortSignal;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  /** The run that was begun last, and the one before it that had learned something. */
  run: RunRecord | null = null;
  ghost: RunRecord | null = null;
  phase: "resting" | "running" = "resting";
  /** Why a run could not go on. */
  trouble: string | null = null;
  state: State;
  readonly own: string;

  readonly #model: TrainModel;
  readonly #opening: State;
  readonly #known = new KnownText();
  readonly #onUpdate: (() => void)[] = [];
  readonly #onReport: ((run: RunRecord) => void)[] = [];
  #engine: Promise<Engine> | undefined;
  #count = 0;
  #until = 0; // the step to which the run goes on

  constructor(model: TrainModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.inNotebook = "send" in model;
    this.own = model.get("source").text;
    this.#opening = readState(model);
    this.state = this.#opening;
  }

  get isRunning(): boolean {
    return this.phase === "running";
  }

  /** The text that is learned. */
  get text(): string {
    return this.state.text ?? this.own;
  }

  /** What is known of the text, or in words why it cannot be learned. */
  get known(): Known | string {
    return this.#known.of(this.text, this.state.length);
  }

  get sizes(): Sizes | null {
    if (typeof this.known === "string") return null;
    const { d_model: width, n_heads: heads, n_layers: layers, length } = this.state;
    return { vocab: this.known.prepared.letters.length, width, heads, layers, length };
  }

  get parameters(): number {
    return this.sizes ? countParameters(this.sizes) : 0;
  }

  /** Whether the run is one of other settings than are set now, or there is none: to start is to begin. */
  get isFresh(): boolean {
    return !this.run?.isOf(this.text, settingsOf(this.state));
  }

  get isDone(): boolean {
    return !this.isFresh && this.run !== null && this.run.step >= this.state.steps;
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Called when something new is known of the run. */
  onReport(action: (run: RunRecord) => void): void {
    this.#onReport.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** Read the model anew and tell the sections; a run of other settings does not go on. */
  async refresh(): Promise<void> {
    this.state = readState(this.#model);
    this.tell();
    if (this.isRunning && this.isFresh) await this.pause();
    else if (this.isRunning) await this.#work(this.#until);
    else if (this.run && !this.isFresh) await this.#work(0);
  }

  /** Go on with the run, or begin one: the one before stays as a ghost. */
  start(): Promise<void> {
    return this.#train(this.state.steps);
  }

  /** One step. */
  stepOnce(): Promise<void> {
    return this.#train((this.isFresh ? 0 : (this.run?.step ?? 0)) + 1);
  }

  /** Stop after the present step; what was done until then is told. */
  async pause(): Promise<void> {
    this.phase = "resting";
    if (this.run) await this.#work(0);
  }

  /** Let the run before this one go. */
  forgetGhost(): void {
    this.ghost = null;
    this.tell();
  }

  /** All as it was at the beginning. */
  async reset(): Promise<void> {
    this.phase = "resting";
    (await this.#engine)?.stop();
    this.run = null;
    this.ghost = null;
    this.trouble = null;
    writeTraits(this.#model, { ...this.#opening, step: 0, losses: [], held_out: [] });
    this.state = readState(this.#model);
    this.tell();
  }

  /** Tell the sections. */
  tell(): void {
    if (this.signal.aborted) return;
    for (const action of this.#onUpdate) action();
  }

  async #train(until: number): Promise<void> {
    if (typeof this.known === "string" || this.isDone) return;
    if (this.isFresh) {
      this.trouble = null;
      if (this.run && this.run.step > 0) this.ghost = this.run;
      const { text, state, parameters } = this;
      const options = { number: ++this.#count, text, settings: settingsOf(state), parameters, batch: BATCH };
      this.run = new RunRecord({ ...options, frequencies: this.known.frequencies, isOwn: state.text === null });
    }
    this.phase = "running";
    this.#until = until;
    this.tell();
    await this.#work(until);
  }

  /** Let the run go on until a step, and take in what is reported. */
  async #work(until: number): Promise<void> {
    const { run } = this;
    if (!run) return;
    try {
      this.#engine ??= Engine.start(this.signal, serve);
      const engine = await this.#engine;
      if (this.signal.aborted || run !== this.run) return;
      const take = (report: Report): void => this.#take(run, report);
      const last = await engine.run<Report, Report>("train", requestOf(run, this.state, until), take);
      if (last === undefined) return; // overtaken
      this.phase = "resting";
      this.#take(run, last);
    } catch (error) {
      this.phase = "resting";
      this.trouble = messageOf(error);
      this.tell();
      if (until > 0) await this.#work(0); // what was done until then
    }
  }

  #take(run: RunRecord, report: Report): void {
    if (run !== this.run || this.signal.aborted) return;
    run.take(report);
    const { step, losses, heldOut } = run;
    const results = { step, held_out: [...heldOut], ...(this.isRunning ? {} : { losses: [...losses] }) };
    writeTraits(this.#model, results);
    for (const action of this.#onReport) action(run);
    this.tell();
  }
}
