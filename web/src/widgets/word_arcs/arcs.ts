// The picture: a point for each word, and an arc from the chosen one to each other, as thick as its weight.

import { svg } from "../../controls/element";
import { setAttribute } from "../../controls/write";

const UNIT = 100; // from one word to the next
const GROUND = 132;
const THICKEST = 20; // px, for a weight of 1
const POINT = 3;
const SWELL = 9;

export interface Arcs {
  element: SVGElement;
  draw(row: number, weights: Float64Array): void;
}

/** Arcs between `count` words; the chosen word's swell and the others' shrink to nothing. Labels, if any, lie below. */
export function arcs(count: number, labels: string[] = []): Arcs {
  const places = [...new Array(count).keys()];
  const pairs = places.flatMap((t) => places.map((s): [number, number] => [t, s]));
  const lines = pairs.map(([t, s]) => svg("path", { d: arc(t, s), "vector-effect": "non-scaling-stroke" }));
  const points = places.map((s) => svg("circle", { cx: centre(s), cy: GROUND }));
  const texts = labels.map((label, s) => svg("text", { x: centre(s), y: GROUND + 36, "text-anchor": "middle" }, label));
  const height = GROUND + (labels.length ? 44 : 14);
  const element = svg(
    "svg",
    { viewBox: `0 0 ${count * UNIT} ${height}`, "aria-hidden": "true", focusable: "false" },
    ...lines,
    ...points,
    ...texts,
  );
  function draw(row: number, weights: Float64Array): void {
    for (const [i, line] of lines.entries()) {
      const [t, s] = pairs[i] ?? [0, 0];
      const width = t === row ? THICKEST * (weights[s] ?? 0) : 0;
      setAttribute(line, "stroke-width", width.toFixed(4));
    }
    for (const [s, point] of points.entries()) {
      setAttribute(point, "r", (POINT + SWELL * (weights[s] ?? 0)).toFixed(2));
      setAttribute(point, "class", s === row ? "looks" : "");
    }
  }
  return { element, draw };
}

const centre = (index: number): number => (index + 0.5) * UNIT;

/** Farther words have higher arcs; to itself a word has a loop. */
function arc(t: number, s: number): string {
  const [from, to] = [centre(t), centre(s)];
  const start = `M${from} ${GROUND}`;
  if (t === s) return `${start}C${from - 45} 60 ${from + 45} 60 ${from} ${GROUND}`;
  const top = GROUND - Math.min(240, 60 + 36 * Math.abs(t - s));
  return `${start}Q${(from + to) / 2} ${top} ${to} ${GROUND}`;
}
