// How nodes and graphs are called and written.

import type { Graph, GraphNode } from "../../core/backprop";
import type { GraphName, State } from "./state";

export const TITLES: Record<GraphName, string> = {
  neuron: "a neuron, squared error",
  softmax: "softmax, cross-entropy",
  chain: "a chain of equal steps",
};

/** The whole graph as a line of PyTorch, of tensors with the inputs' names. */
export const TORCH: Record<GraphName, string> = {
  neuron: "L = F.mse_loss(torch.tanh(x * w + b), t)",
  softmax: "L = F.cross_entropy(torch.stack([z1, z2, z3]), torch.tensor(2))",
  chain: "L = math.prod([w] * n, start=x0)",
};

const LOW_DIGITS = "₀₁₂₃₄₅₆₇₈₉";

/** A name with its number below the line. */
export const named = (name: string): string => name.replace(/\d/g, (digit) => LOW_DIGITS[Number(digit)] ?? digit);

const WRITTEN: Record<string, (a: string, b: string) => string> = {
  plus: (a, b) => `${a} + ${b}`,
  times: (a, b) => `${a}·${b}`,
  minus: (a) => `−${a}`,
  square: (a) => `${a}²`,
  tanh: (a) => `tanh ${a}`,
  exp: (a) => `exp ${a}`,
  log: (a) => `log ${a}`,
};

/** What a node is computed as: empty of an input. */
export function written(graph: Graph, { operation, inputs }: GraphNode): string {
  const [a = "", b = ""] = inputs.map((i) => named(graph[i]?.name ?? ""));
  return WRITTEN[operation]?.(a, b) ?? "";
}

/** The node as an equation, or its name alone. */
export function equation(graph: Graph, node: GraphNode): string {
  const right = written(graph, node);
  return right ? `${named(node.name)} = ${right}` : named(node.name);
}

/** A number with four digits; a small or large one with its power of ten and fewer, so that it fits its box. */
export function four(x: number): string {
  const power = x === 0 ? 0 : Math.floor(Math.log10(Math.abs(x)));
  const isFar = power < -3 || power > 5;
  const text = isFar ? x.toExponential(Math.abs(power) < 10 ? 2 : 1) : String(Number(x.toPrecision(4)));
  return text.replace("e+", "e").replaceAll("-", "−");
}

export const values = (count: number): string => `${count} value${count === 1 ? "" : "s"}`;

/** The names of the inputs of a graph. */
export const inputsOf = (graph: Graph): string[] => graph.filter(({ operation }) => !operation).map(({ name }) => name);

/** The names of the values that can be forgotten: neither inputs nor the output. */
export const insideOf = (graph: Graph): string[] =>
  graph
    .slice(0, -1)
    .filter(({ operation }) => operation)
    .map(({ name }) => name);

/** The inputs that the reader has set. */
export const givenOf = (state: State): number[] => state[state.graph];
