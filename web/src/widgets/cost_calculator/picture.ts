// Tokens a second of all texts against their number, both on log axes; dashed where memory has no room for them.

import { h, svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { hasRoom } from "../../core/costs";
import type { CostCalculator } from "./lab";
import { counted } from "./names";
import { batches } from "./results";

const [LEFT, TOP, WIDTH, HEIGHT] = [8, 20, 340, 130];

interface Picture {
  element: SVGSVGElement;
  draw(lab: CostCalculator): void;
}

export function picture(): Picture {
  const bottom = TOP + HEIGHT;
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  const [inside, outside, mark] = [
    svg("path", { class: "line" }),
    svg("path", { class: "line dashed" }),
    svg("path", { class: "mark" }),
  ];
  const high = svg("text", { x: LEFT, y: TOP - 6 });
  const [first, last] = [
    svg("text", { x: LEFT, y: bottom + 16 }),
    svg("text", { x: LEFT + WIDTH, y: bottom + 16, "text-anchor": "end" }),
  ];
  const axis = svg("text", { x: LEFT + WIDTH / 2, y: bottom + 16, "text-anchor": "middle" }, "texts at once");
  const size = `0 0 ${LEFT + WIDTH + 8} ${bottom + 22}`;
  const attributes = { class: "curve", viewBox: size, "aria-hidden": "true", focusable: "false" };
  const element = svg("svg", attributes, frame, inside, outside, mark, high, first, last, axis);

  function draw(lab: CostCalculator): void {
    const points = batches(lab);
    const rates = points.map(([, { most }]) => most);
    const [low, top] = [Math.min(...rates), Math.max(...rates)];
    const widest = Math.log2(points.at(-1)?.[0] ?? 2);
    const xOf = (batch: number): number => LEFT + (Math.min(Math.log2(batch), widest) / widest) * WIDTH;
    const yOf = (rate: number): number =>
      bottom - 6 - (Math.log(rate / low) / (Math.log(top / low) || 1)) * (HEIGHT - 14);
    const place = ([batch, { most }]: (typeof points)[number]): string =>
      `${xOf(batch).toFixed(1)} ${yOf(most).toFixed(1)}`;
    const pathOf = (some: typeof points): string => some.map((one, i) => `${i ? "L" : "M"}${place(one)}`).join("");
    const fitting = points.filter(([, costs]) => hasRoom(costs));
    setAttribute(inside, "d", pathOf(fitting));
    setAttribute(outside, "d", pathOf(points.slice(Math.max(0, fitting.length - 1))));
    const x = xOf(lab.state.batch).toFixed(1);
    setAttribute(mark, "d", `M${x} ${TOP}V${bottom}`);
    setText(high, `tokens a second: ${counted(low)} to ${counted(top)}`);
    setText(first, "1");
    setText(last, String(points.at(-1)?.[0] ?? ""));
  }
  return { element, draw };
}

export function pictureOf(lab: CostCalculator): HTMLElement {
  const { element, draw } = picture();
  lab.onUpdate(() => {
    draw(lab);
    setAttribute(element, "visibility", lab.asked ? "hidden" : "visible");
  });
  const caption = h("div", { class: "caption" }, "More texts, more tokens");
  const hint = h("p", { class: "notice" }, "The upright line is your number of texts; dashed: no room in memory.");
  return h("div", { class: "picture" }, caption, element, hint);
}
