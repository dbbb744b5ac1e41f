// Reverse mode on a small graph of single numbers, and what is held in memory where only some values are kept.
// The twins in Python are llmbook.autodiff, which computes, and llmbook.autodiff.recomputing, which counts.

/** A node: an input, whose operation is "", or an operation on earlier nodes, by their places. */
export interface GraphNode {
  name: string;
  operation: string;
  inputs: readonly number[];
}
export type Graph = readonly GraphNode[];

/** What an operation's rule reads on the way back. */
export type Reads = "inputs" | "output" | "";

interface Operation {
  compute(a: number, b: number): number;
  /** The derivative by each input, given the output and the inputs. */
  slopes(y: number, a: number, b: number): readonly number[];
}

export const OPERATIONS: Record<string, Operation> = {
  plus: { compute: (a, b) => a + b, slopes: () => [1, 1] },
  times: { compute: (a, b) => a * b, slopes: (_, a, b) => [b, a] },
  minus: { compute: (a) => -a, slopes: () => [-1] },
  square: { compute: (a) => a * a, slopes: (_, a) => [2 * a] },
  tanh: { compute: (a) => Math.tanh(a), slopes: (y) => [1 - y * y] },
  exp: { compute: (a) => Math.exp(a), slopes: (y) => [y] },
  log: { compute: (a) => Math.log(a), slopes: (_, a) => [1 / a] },
};

/** The value of each node; `given` are those of the inputs, in their order. */
export function valuesOf(graph: Graph, given: readonly number[]): Float64Array {
  const values = new Float64Array(graph.length);
  let next = 0;
  for (const [place, { operation, inputs }] of graph.entries()) {
    const [a = 0, b = 0] = inputs.map((i) => values[i]!);
    values[place] = operation ? OPERATIONS[operation]!.compute(a, b) : given[next++]!;
  }
  return values;
}

/** How much the output changes with each input of a node, the nodes behind it aside. */
export function slopesOf(graph: Graph, values: Float64Array, place: number): readonly number[] {
  const { operation, inputs } = graph[place]!;
  const [a = 0, b = 0] = inputs.map((i) => values[i]!);
  return operation ? OPERATIONS[operation]!.slopes(values[place]!, a, b) : [];
}

/** One operation run there, run again, or reversed. */
export interface Step {
  kind: "there" | "again" | "back";
  place: number;
  /** The places of the values that are held after it. */
  held: ReadonlySet<number>;
  /** Values held while it ran, what it computes among them. */
  most: number;
}

/** All that happens there and back, where the values at the places `kept` stay. */
export function stepsOf(graph: Graph, reads: Record<string, Reads>, kept: ReadonlySet<number>): Step[] {
  const places = [...graph.keys()].filter((place) => graph[place]!.operation);
  const lastUse = new Map(places.flatMap((place) => graph[place]!.inputs.map((i) => [i, place] as const)));
  const held = new Set<number>();
  const steps: Step[] = [];
  const note = (kind: Step["kind"], place: number, most: number): void => {
    steps.push({ kind, place, held: new Set(held), most });
  };
  for (const place of places) {
    held.add(place);
    const most = held.size;
    for (const i of graph[place]!.inputs) if (lastUse.get(i) === place && !kept.has(i)) held.delete(i);
    note("there", place, most);
  }
  for (const place of places.reverse()) {
    for (const again of missing(graph, readBy(graph, reads, place), held)) {
      held.add(again);
      note("again", again, held.size);
    }
    const most = held.size;
    held.delete(place);
    note("back", place, most);
  }
  return steps;
}

/** The places of the values that a node's rule reads. */
export function readBy(graph: Graph, reads: Record<string, Reads>, place: number): readonly number[] {
  const { operation, inputs } = graph[place]!;
  const what = reads[operation] ?? "";
  return { inputs, output: [place], "": [] }[what];
}

/** The operations to run again so that what is wanted is held, in their order; inputs need none. */
function missing(graph: Graph, wanted: readonly number[], held: ReadonlySet<number>): number[] {
  const needed = new Set<number>();
  const waiting = [...wanted];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { operation, inputs } = graph[place]!;
    if (!operation || held.has(place) || needed.has(place)) continue;
    needed.add(place);
    waiting.push(...inputs);
  }
  return [...needed].sort((a, b) => a - b);
}

/** The most values held at once. */
export const peakOf = (steps: readonly Step[]): number => Math.max(0, ...steps.map(({ most }) => most));

/** How many operations ran twice. */
export const recomputedIn = (steps: readonly Step[]): number => steps.filter(({ kind }) => kind === "again").length;

/** The gradient that each node has after these steps, null where none has come yet; the output's own is 1. */
export function gradientsAfter(graph: Graph, values: Float64Array, steps: readonly Step[]): (number | null)[] {
  const gradients = graph.map((): number | null => null);
  const there = graph.filter(({ operation }) => operation).length;
  if (steps.length >= there) gradients[graph.length - 1] = 1;
  for (const { kind, place } of steps) {
    if (kind !== "back") continue;
    const own = gradients[place] ?? 0;
    const slopes = slopesOf(graph, values, place);
    for (const [n, i] of graph[place]!.inputs.entries()) gradients[i] = (gradients[i] ?? 0) + own * slopes[n]!;
  }
  return gradients;
}
