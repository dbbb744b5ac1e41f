// The synchronised traits, as the Python class llmbook.pages.widgets.BackpropGraph declares them.

import type { Reads } from "../../core/backprop";
import type { WidgetModel } from "../host";

export const GRAPHS = ["neuron", "softmax", "chain"] as const;
export type GraphName = (typeof GRAPHS)[number];

export const FARTHEST = 4; // of an input from nought
export const FEWEST_STEPS = 2;
export const MOST_STEPS = 16;
export const MOST_EVENTS = 3 * MOST_STEPS;
export const MOST_KEPT = 27; // the values inside of all three graphs, since each keeps its own

/** A node as Python writes it: its name, its operation, the places of its inputs. */
type Line = [name: string, operation: string, inputs: number[]];

export interface Source {
  graphs: Record<GraphName, Line[]>;
  /** What each operation's rule reads on the way back. */
  reads: Record<string, Reads>;
}

/** What the reader sets; each graph has inputs of its own. */
export interface State extends Record<GraphName, number[]> {
  graph: GraphName;
  /** Of the chain. */
  n: number;
  /** Whether only the values of these names are kept, or all. */
  checkpoints: boolean;
  keep: string[];
  /** How many operations have run or been reversed. */
  step: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type GraphModel = WidgetModel<Traits>;

export function readState(model: GraphModel): State {
  return {
    graph: model.get("graph"),
    neuron: model.get("neuron"),
    softmax: model.get("softmax"),
    chain: model.get("chain"),
    n: model.get("n"),
    checkpoints: model.get("checkpoints"),
    keep: model.get("keep"),
    step: model.get("step"),
  };
}
