// The curve of score against distance: a line of means, and round it a band where the places differ.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { type Curve, REACH } from "./curve";

const LEFT = 44;
const TOP = 12;
const WIDTH = 300;
const HEIGHT = 150;

export interface CurveView {
  curve: Curve;
  /** The distance of the chosen words, key less query. */
  distance: number;
  /** Whether keys ahead of the query are hidden. */
  causal: boolean;
}

export interface CurvePicture {
  element: SVGElement;
  draw(view: CurveView): void;
}

/** The values at the lower and the upper edge: those of the curve, and zero. */
export function edgesOf({ low, high }: Curve): [low: number, high: number] {
  const edges: [number, number] = [Math.min(0, ...low), Math.max(0, ...high)];
  return edges[0] === edges[1] ? [-1, 1] : edges;
}

const xOf = (distance: number): number => LEFT + ((distance + REACH) / (2 * REACH)) * WIDTH;

export function curvePicture(): CurvePicture {
  const band = svg("path", { class: "band" });
  const line = svg("path", { class: "line" });
  const dot = svg("circle", { class: "dot", r: 5 });
  const zero = svg("line", { class: "zero", x1: LEFT, x2: LEFT + WIDTH });
  const low = svg("text", { class: "low", x: LEFT - 6, y: TOP + HEIGHT, "text-anchor": "end" });
  const high = svg("text", { class: "high", x: LEFT - 6, y: TOP + 4, "text-anchor": "end" });
  const ticks = [-REACH, 0, REACH].map((n) => {
    return svg("text", { x: xOf(n), y: TOP + HEIGHT + 18, "text-anchor": "middle" }, String(n).replace("-", "−"));
  });
  const name = svg(
    "text",
    { x: xOf(0), y: TOP + HEIGHT + 34, "text-anchor": "middle" },
    "key's place less query's: s − t",
  );
  const box = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  const size = `0 0 ${LEFT + WIDTH + 12} ${TOP + HEIGHT + 42}`;
  const attributes = { class: "curve", viewBox: size, "aria-hidden": "true", focusable: "false" };
  const element = svg("svg", attributes, band, zero, box, line, dot, low, high, ...ticks, name);

  function draw({ curve, distance, causal }: CurveView): void {
    const edges = edgesOf(curve);
    const yOf = (value: number): number => TOP + (1 - (value - edges[0]) / (edges[1] - edges[0])) * HEIGHT;
    const last = causal ? REACH : 2 * REACH; // what is ahead is hidden
    const points = (values: Float64Array): string[] =>
      Array.from(values.subarray(0, last + 1), (value, n) => `${xOf(n - REACH).toFixed(1)} ${yOf(value).toFixed(1)}`);
    setAttribute(line, "d", `M${points(curve.mean).join("L")}`);
    setAttribute(band, "d", `M${[...points(curve.low), ...points(curve.high).reverse()].join("L")}Z`);
    setAttribute(zero, "y1", yOf(0).toFixed(1));
    setAttribute(zero, "y2", yOf(0).toFixed(1));
    setAttribute(dot, "visibility", causal && distance > 0 ? "hidden" : "visible");
    setAttribute(dot, "cx", xOf(distance).toFixed(1));
    setAttribute(dot, "cy", yOf(curve.mean[distance + REACH] ?? 0).toFixed(1));
    setText(low, fixed(edges[0]).replace("-", "−"));
    setText(high, fixed(edges[1]));
  }
  return { element, draw };
}
