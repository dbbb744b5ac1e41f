// The calibration curve as a picture: how often what was called so probable was right, with the number of answers.

import { svg } from "../controls/element";
import type { Point } from "../core/calibration";

const SIDE = 300; // of the square from 0 to 100 %
const LEFT = 46;
const TOP = 30;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const x = (probability: number): number => LEFT + probability * SIDE;
const y = (share: number): number => TOP + (1 - share) * SIDE;
export const percent = (share: number): string => `${Math.round(100 * share)}\u00a0%`;

function axes(): SVGElement[] {
  const ticks = TICKS.flatMap((at) => [
    svg("line", { class: "grid", x1: x(at), y1: y(0), x2: x(at), y2: y(1) }),
    svg("line", { class: "grid", x1: x(0), y1: y(at), x2: x(1), y2: y(at) }),
    svg("text", { x: x(at), y: y(0) + 18, "text-anchor": "middle" }, percent(at)),
    svg("text", { x: x(0) - 6, y: y(at) + 4, "text-anchor": "end" }, String(100 * at)),
  ]);
  const under = svg("text", { x: x(0.5), y: y(0) + 38, "text-anchor": "middle" }, "how sure you were");
  const beside = svg("text", { x: x(0), y: y(1) - 12 }, "% of these answers right");
  return [...ticks, under, beside, svg("line", { class: "ideal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) })];
}

/** The interval as a line with ends, the share as a dot, the number beside it. */
function mark({ sure, count, right, low, high }: Point): SVGElement[] {
  const ends = [low, high].map((at) => svg("line", { x1: x(sure) - 4, y1: y(at), x2: x(sure) + 4, y2: y(at) }));
  const bar = svg("line", { x1: x(sure), y1: y(low), x2: x(sure), y2: y(high) });
  const toLeft = sure > 0.8;
  const number = svg(
    "text",
    { x: x(sure) + (toLeft ? -9 : 9), y: y(right / count) + 4, "text-anchor": toLeft ? "end" : "start" },
    `n = ${count}`,
  );
  const dot = svg("circle", { class: "dot", cx: x(sure), cy: y(right / count), r: 5 });
  return [svg("g", { class: "interval" }, bar, ...ends), dot, number];
}

export function curvePicture(points: Point[]): SVGElement {
  const path = points.map(({ sure, right, count }) => `${x(sure)},${y(right / count)}`).join(" ");
  const label = "Calibration curve: how sure you were, and how often you were right. The table below says the same.";
  const size = { viewBox: `0 0 ${LEFT + SIDE + 30} ${TOP + SIDE + 48}`, role: "img", "aria-label": label };
  return svg("svg", size, ...axes(), svg("polyline", { class: "curve", points: path }), ...points.flatMap(mark));
}
