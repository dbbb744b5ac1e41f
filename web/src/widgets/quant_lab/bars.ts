// A histogram: bars over an axis, ticks below it where the grid's levels are, and a mark at the number that is told of.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { Histogram } from "../../core/grids";
import { four } from "./names";

const LEFT = 6;
const TOP = 16;
const WIDTH = 320;
const HEIGHT = 110;
const TICK = 9;

export interface BarsView {
  histogram: Histogram;
  levels: Float64Array;
  /** Where the mark stands. */
  at: number;
  /** Nothing is shown. */
  hidden: boolean;
}

export interface Bars {
  element: SVGElement;
  draw(view: BarsView): void;
}

export function bars(axis: string): Bars {
  const bottom = TOP + HEIGHT;
  const columns = svg("path", { class: "columns" });
  const ticks = svg("path", { class: "ticks" });
  const mark = svg("path", { class: "mark" });
  const most = svg("text", { x: LEFT, y: TOP - 5 });
  const low = svg("text", { class: "low", x: LEFT, y: bottom + 24 });
  const high = svg("text", { class: "high", x: LEFT + WIDTH, y: bottom + 24, "text-anchor": "end" });
  const name = svg("text", { x: LEFT + WIDTH / 2, y: bottom + 24, "text-anchor": "middle" }, axis);
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  const size = `0 0 ${LEFT + WIDTH + 6} ${bottom + 30}`;
  const attributes = { class: "curve bars", viewBox: size, "aria-hidden": "true", focusable: "false" };
  const element = svg("svg", attributes, columns, frame, ticks, mark, most, low, high, name);
  let drawn: Histogram | undefined;

  function draw({ histogram, levels, at, hidden }: BarsView): void {
    const { counts } = histogram;
    const span = histogram.high - histogram.low || 1;
    const xOf = (value: number): string =>
      (LEFT + (histogram.high === histogram.low ? 0.5 : (value - histogram.low) / span) * WIDTH).toFixed(1);
    setAttribute(element, "visibility", hidden ? "hidden" : "visible");
    const inside = Math.min(histogram.high, Math.max(histogram.low, at));
    setAttribute(mark, "d", `M${xOf(inside)} ${TOP}V${bottom}`);
    if (drawn === histogram) return;
    drawn = histogram;
    const largest = Math.max(...counts);
    const width = WIDTH / counts.length;
    const paths = Array.from(counts, (count, i) => {
      const x = (LEFT + i * width).toFixed(1);
      return count
        ? `M${x} ${bottom}v${(-(count / largest) * HEIGHT).toFixed(1)}h${(width * 0.85).toFixed(1)}V${bottom}z`
        : "";
    });
    setAttribute(columns, "d", paths.join(""));
    setAttribute(ticks, "d", Array.from(levels, (level) => `M${xOf(level)} ${bottom}v${TICK}`).join(""));
    setText(
      most,
      `the highest bar: ${largest.toLocaleString("en")} of ${counts.reduce((a, b) => a + b).toLocaleString("en")}`,
    );
    setText(low, four(histogram.low));
    setText(high, four(histogram.high));
  }
  return { element, draw };
}
