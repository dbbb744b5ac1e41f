// What all sections see: the state, the graph's numbers, what has happened up to the step, and who is told of changes.

import { type Graph, gradientsAfter, peakOf, recomputedIn, type Step, stepsOf, valuesOf } from "../../core/backprop";
import { writeTraits } from "../host";
import { keptOf } from "./keeping";
import { givenOf } from "./names";
import { type GraphModel, type GraphName, readState, type Source, type State } from "./state";

/** What is counted, of some steps or of all. */
export interface Counts {
  now: number;
  most: number;
  again: number;
}

/** All that the state makes of its graph. */
export interface Reading {
  state: State;
  graph: Graph;
  values: Float64Array;
  /** The places of the values that are kept until the way back. */
  kept: ReadonlySet<number>;
  steps: readonly Step[];
  happened: readonly Step[];
  /** What has come so far; and what will have come at the end. */
  gradients: readonly (number | null)[];
  all: readonly (number | null)[];
  soFar: Counts;
  inAll: Counts;
}

/** What the reader is asked; while they are, no gradient and no count is shown. */
export interface Question {
  text: string;
  options: string[];
  right: number;
  /** What is told after the answer. */
  told: string;
  /** What is set for it. */
  changes: Partial<State>;
}

export class BackpropLab {
  readonly signal: AbortSignal;
  readonly source: Source;
  /** Whether there may be a kernel behind: a static page's model sends nothing. */
  readonly inNotebook: boolean;
  asked: Question | null = null;
  /** Called when a question is given up because something was changed. */
  onWithdrawn: () => void = () => undefined;

  readonly #model: GraphModel;
  readonly #opening: State;
  #expected = "";
  #reading: Reading;
  readonly #onUpdate: (() => void)[] = [];

  constructor(model: GraphModel, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.source = model.get("source");
    this.inNotebook = "send" in model;
    this.#opening = readState(model);
    this.#reading = read(this.source, this.#opening);
  }

  get reading(): Reading {
    return this.#reading;
  }

  get state(): Readonly<State> {
    return this.#reading.state;
  }

  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Set some of the state; the sections are told when the model has it. */
  change(changes: Partial<State>): void {
    writeTraits(this.#model, changes);
  }

  /** Go to a step, as far as there is one. */
  go(step: number): void {
    this.change({ step: Math.max(0, Math.min(this.reading.steps.length, step)) });
  }

  /** Ask, and set what the question is about. */
  ask(question: Question): void {
    this.asked = question;
    this.#expected = JSON.stringify({ ...this.state, ...question.changes });
    this.change(question.changes);
    this.draw();
  }

  /** Show all that was hidden, to the end. */
  reveal(): void {
    this.asked = null;
    this.go(this.reading.steps.length);
    this.draw();
  }

  /** All as it was at the beginning. */
  reset(): void {
    this.asked = null;
    this.change(this.#opening);
    this.draw();
  }

  /** Read the model anew and tell the sections. A question is of what was set for it, and of nothing else. */
  refresh(): void {
    this.#reading = read(this.source, readState(this.#model));
    if (this.asked && JSON.stringify(this.state) !== this.#expected) {
      this.asked = null;
      this.onWithdrawn();
    }
    this.draw();
  }

  /** Tell the sections. */
  draw(): void {
    for (const action of this.#onUpdate) action();
  }
}

/** The graph of this name; of the chain, with its two inputs, as many steps as are set. */
export function graphOf({ graphs }: Source, name: GraphName, n: number): Graph {
  const lines = name === "chain" ? graphs.chain.slice(0, 2 + n) : graphs[name];
  return lines.map(([node, operation, inputs]) => ({ name: node, operation, inputs }));
}

/** A step beyond the last is the last. */
export function read(source: Source, wanted: State): Reading {
  const graph = graphOf(source, wanted.graph, wanted.n);
  const values = valuesOf(graph, givenOf(wanted));
  const kept = keptOf(graph, wanted);
  const steps = stepsOf(graph, source.reads, kept);
  const state = { ...wanted, step: Math.min(wanted.step, steps.length) };
  const happened = steps.slice(0, state.step);
  return {
    state,
    graph,
    values,
    kept,
    steps,
    happened,
    gradients: gradientsAfter(graph, values, happened),
    all: gradientsAfter(graph, values, steps),
    soFar: countsOf(happened),
    inAll: countsOf(steps),
  };
}

const countsOf = (steps: readonly Step[]): Counts => ({
  now: steps.at(-1)?.held.size ?? 0,
  most: peakOf(steps),
  again: recomputedIn(steps),
});
