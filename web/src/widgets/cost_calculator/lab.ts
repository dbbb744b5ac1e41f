// What all sections see: the numbers, what they cost, what was measured here, and who is told when it changes.

import { type Costs, costsOf, type Name } from "../../core/costs";
import type { Measured } from "../../core/measuring";
import { Engine } from "../../play/engine";
import { messageOf } from "../../play/message";
import { writeTraits } from "../host";
import type { Asked } from "./changes";
import serve from "./measure.worker";
import { RANGES } from "./ranges";
import {
  areEqual,
  type CalculatorModel,
  laptopOf,
  presetOf,
  readState,
  type Source,
  type State,
  titleOf,
} from "./state";

export class CostCalculator {
  readonly signal: AbortSignal;
  readonly source: Source;
  readonly laptop: State;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  /** The two changes that the reader is asked about; while they are, no result is shown. */
  asked: Asked | null = null;
  /** What this machine does, once the reader has asked. */
  measured: Measured | null = null;

  /** What is measured at the moment, or why nothing could be. */
  doing: string;
  isBusy: boolean;

  readonly #model: CalculatorModel;
  readonly #opening: State;
  #state: State;
  #costs: Costs;
  #engine: Promise<Engine> | undefined;
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: CalculatorModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.doing = "";
    this.isBusy = false;
    this.source = model.get("source");
    this.inNotebook = "send" in model;
    this.laptop = laptopOf(this.source);
    this.#opening = readState(model);
    this.#state = this.#opening;
    this.#costs = costsOf(this.#opening);
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  get costs(): Costs {
    return this.#costs;
  }

  get preset(): string {
    return presetOf(this.source, this.#state);
  }

  get title(): string {
    return titleOf(this.source, this.preset);
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the numbers; the sections are told when the model has them. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, { ...changes, ...sizesOf(this.#state, changes) });
  }

  /** All numbers of a preset. */
  take(name: string): void {
    const numbers = this.source.presets[name];
    if (numbers) this.change(numbers);
  }

  /** Measure this machine, if that is not being done. */
  async measure(): Promise<void> {
    if (this.isBusy) return;
    this.#say("starting", true);
    try {
      this.#engine ??= Engine.start(this.signal, serve);
      const engine = await this.#engine;
      const found = await engine.run<Measured, string>("measure", null, (part) => this.#say(part, true));
      if (found) this.measured = found;
      this.#say("", false);
    } catch (error) {
      this.#say(`Nothing could be measured: ${messageOf(error)}`, false);
    }
  }

  #say(doing: string, isBusy: boolean): void {
    this.doing = doing;
    this.isBusy = isBusy;
    if (!this.signal.aborted) this.draw();
  }

  /** SmolLM2 on the machine that was measured. */
  takeMeasured(): void {
    const { measured, laptop } = this;
    if (!measured) return;
    const limited = (name: Name, value: number): number =>
      Math.min(RANGES[name][1], Math.max(RANGES[name][0], Number(value.toPrecision(3))));
    const { bandwidth, operations } = measured;
    this.change({
      ...laptop,
      bandwidth: limited("bandwidth", bandwidth),
      operations: limited("operations", operations),
    });
  }

  ask(asked: Asked | null): void {
    this.asked = asked;
    this.draw();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.asked = null;
    this.measured = null;
    this.change(this.#opening);
    this.draw();
  }

  /** Read the model anew and tell the sections. */
  refresh(): void {
    const state = readState(this.#model);
    if (!areEqual(state, this.#state)) {
      this.#state = state;
      this.#costs = costsOf(state);
    }
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    for (const action of this.#onUpdate) action();
  }
}

/** Shared parameters are active, and active ones are there: what was not changed makes room for what was. */
function sizesOf(state: State, changes: Partial<State>): Partial<State> {
  const { total, active, shared } = { ...state, ...changes };
  const working = changes.shared === undefined ? active : Math.max(active, shared);
  const isTotalFree = changes.active !== undefined || changes.shared !== undefined;
  const all = isTotalFree ? Math.max(total, working) : total;
  const fitting = Math.min(working, all);
  return { total: all, active: fitting, shared: Math.min(shared, fitting) };
}
