// Thirty-two neighbours of a row: each number, the level that it becomes, and the levels that it could have become.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { OneNumber } from "../../core/grids";
import type { QuantLab } from "./lab";
import { four } from "./names";

export const WIDE = 32;
const LEFT = 62;
const TOP = 8;
const STEP = 9;
const HEIGHT = 150;
const MOST_LINES = 40; // of levels; more would be a grey field
const HALF = 3; // of the dash where a number has come to

export const SIZE = { width: LEFT + WIDE * STEP + 4, height: TOP + HEIGHT + 22 };

type Edges = [low: number, high: number];

const ATTRIBUTES = {
  class: "curve strip",
  viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
  "aria-hidden": "true",
  focusable: "false",
};

export interface Strip {
  element: SVGElement;
  draw(lab: QuantLab): void;
}

/** The first column that is shown, and how many are. */
export function shownOf({ reading: { slice }, state }: QuantLab): { start: number; count: number } {
  const start = state.column - (state.column % WIDE);
  return { start, count: Math.min(WIDE, slice.columns - start) };
}

/** The column at a point of the picture; below 0 none. */
export function columnAt(lab: QuantLab, x: number): number {
  const { start, count } = shownOf(lab);
  const n = Math.floor((x - LEFT) / STEP);
  return n >= 0 && n < count ? start + n : -1;
}

export function strip(): Strip {
  const lines = svg("path", { class: "levels" });
  const moves = svg("path", { class: "moves" });
  const dashes = svg("path", { class: "dashes" });
  const dots = svg("path", { class: "dots" });
  const active = svg("rect", { class: "active", y: TOP, width: STEP, height: HEIGHT });
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDE * STEP, height: HEIGHT });
  const high = svg("text", { x: LEFT - 5, y: TOP + 10, "text-anchor": "end" });
  const low = svg("text", { x: LEFT - 5, y: TOP + HEIGHT, "text-anchor": "end" });
  const name = svg("text", { x: LEFT + (WIDE * STEP) / 2, y: TOP + HEIGHT + 17, "text-anchor": "middle" });
  const element = svg("svg", ATTRIBUTES, lines, frame, moves, dashes, dots, active, high, low, name);

  function draw(lab: QuantLab): void {
    const { start, count } = shownOf(lab);
    const [row, column] = lab.place;
    const shown = Array.from({ length: count }, (_, n) => lab.numberAt(start + n));
    const all = [0, ...shown.flatMap(({ number, rounded }) => [number, rounded])];
    const edges: Edges = [Math.min(...all), Math.max(...all)];
    const yOf = scaleOf(edges);
    const each = (path: (x: number, one: OneNumber) => string): string =>
      shown.map((one, n) => path(LEFT + (n + 0.5) * STEP, one)).join("");
    setAttribute(
      moves,
      "d",
      each((x, one) => `M${x} ${yOf(one.number)}V${yOf(one.rounded)}`),
    );
    setAttribute(
      dashes,
      "d",
      each((x, one) => `M${x - HALF} ${yOf(one.rounded)}h${2 * HALF}`),
    );
    setAttribute(
      dots,
      "d",
      each((x, one) => `M${x} ${yOf(one.number)}h0.01`),
    );
    setAttribute(lines, "d", levelLines(lab, shown, edges, yOf));
    setAttribute(active, "x", String(LEFT + (column - start) * STEP));
    setText(high, four(edges[1]));
    setText(low, four(edges[0]));
    setText(name, `columns ${start} to ${start + count - 1} of row ${row}`);
  }
  return { element, draw };
}

/** From a value to its height in the picture, with a little room at both edges. */
function scaleOf([low, high]: Edges): (value: number) => string {
  const room = 0.06 * (high - low) || 1;
  return (value) => (TOP + ((high + room - value) / (high - low + 2 * room)) * HEIGHT).toFixed(1);
}

/** The levels of each group among the numbers shown, within the picture's edges. */
function levelLines(lab: QuantLab, shown: OneNumber[], [low, high]: Edges, yOf: (value: number) => string): string {
  const { size, grid } = lab.reading.rounded;
  const width = Math.min(size, shown.length);
  let path = "";
  for (let n = 0; n < shown.length; n += width) {
    const { scale = 1, offset = 0 } = shown[n] ?? {};
    const [first, last] = [(low - offset) / scale, (high - offset) / scale];
    const inside = grid.levels.filter((level) => level >= first && level <= last);
    const end = Math.min(shown.length, n + width);
    if (inside.length > MOST_LINES) continue;
    for (const level of inside) path += `M${LEFT + n * STEP} ${yOf(scale * level + offset)}H${LEFT + end * STEP}`;
  }
  return path;
}
