// Where the nodes of each graph stand: a column and a row, of boxes of equal size.

import type { GraphName } from "./state";

export const BOX = { width: 78, height: 48 };
const [ACROSS, DOWN] = [88, 68];
const EDGE = 5;
export const WIDTH = 2 * EDGE + 3 * ACROSS + BOX.width;

type Place = readonly [column: number, row: number];

const PLACES: Record<string, Record<string, Place>> = {
  neuron: {
    x: [0, 0],
    w: [1, 0],
    b: [2, 0],
    t: [3, 0],
    p: [0.5, 1],
    z: [1.2, 2],
    a: [1.2, 3],
    m: [3, 1],
    e: [2.1, 4],
    L: [2.1, 5],
  },
  softmax: {
    z1: [0, 0],
    z2: [1, 0],
    z3: [2, 0],
    e1: [0, 1],
    e2: [1, 1],
    e3: [2, 1],
    r: [3, 1],
    s2: [0.5, 2],
    s3: [1.2, 3],
    l: [1.2, 4],
    L: [2.1, 5],
  },
};

/** The upper left corner of a node's box. */
export function cornerOf(graph: GraphName, name: string): readonly [x: number, y: number] {
  const [column, row] = graph === "chain" ? inRows(name) : (PLACES[graph]?.[name] ?? [0, 0]);
  return [EDGE + column * ACROSS, EDGE + row * DOWN];
}

/** The chain goes to and fro, four steps a row. */
function inRows(name: string): Place {
  if (name === "w") return [3, 0];
  const k = Number(name.slice(1)) - 1;
  if (k < 0) return [0, 0];
  const [row, along] = [Math.floor(k / 4), k % 4];
  return [row % 2 ? 3 - along : along, row + 1];
}

/** The height of a picture of so many nodes. */
export function heightOf(graph: GraphName, nodes: number): number {
  const rows = graph === "chain" ? 1 + Math.ceil((nodes - 2) / 4) : 6;
  return 2 * EDGE + (rows - 1) * DOWN + BOX.height;
}

/** An arrow's line from one box to another, from edge to edge. */
export function lineOf(graph: GraphName, from: string, to: string): string {
  const [a, b] = [middleOf(graph, from), middleOf(graph, to)];
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const cut = Math.min(BOX.width / 2 / Math.max(1e-9, Math.abs(dx)), BOX.height / 2 / Math.max(1e-9, Math.abs(dy)));
  const at = (share: number): string => `${(a[0] + share * dx).toFixed(1)} ${(a[1] + share * dy).toFixed(1)}`;
  const length = Math.hypot(dx, dy);
  return `M${at(cut)}L${at(1 - cut - 3 / length)}`;
}

function middleOf(graph: GraphName, name: string): readonly [x: number, y: number] {
  const [x, y] = cornerOf(graph, name);
  return [x + BOX.width / 2, y + BOX.height / 2];
}
