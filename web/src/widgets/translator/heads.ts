// All heads of all layers side by side, small: pressed, one is looked at; pressed again, the mean of all.

import { h } from "../../controls/element";
import { onThemeChange } from "../../controls/theme";
import { setAttribute } from "../../controls/write";
import type { Desk } from "./desk";
import { rowsSeen } from "./map";

const CELL = 4; // pixels of a canvas

export function heads(desk: Desk): HTMLElement {
  const { layers, heads: H } = desk.about;
  const all = Array.from({ length: layers * H }, (_, i) => {
    const canvas = h("canvas", { "aria-hidden": "true" });
    const name = `Layer ${Math.floor(i / H)}, head ${i % H}`;
    return { canvas, button: h("button", { type: "button", "aria-label": name, title: name }, canvas) };
  });
  const element = h("div", { class: "heads" }, ...all.map(({ button }) => button));
  element.style.setProperty("--heads", String(H));
  const onClick = ({ target }: Event): void => {
    const i = all.findIndex(({ button }) => target instanceof Node && button.contains(target));
    if (i < 0) return;
    const isLooked = i === looked(desk);
    desk.change({ layer: isLooked ? null : Math.floor(i / H), head: isLooked ? null : i % H });
  };
  element.addEventListener("click", onClick, { signal: desk.signal });

  let drawn: unknown;
  const draw = (): void => {
    drawn = desk.shown;
    const colour = getComputedStyle(element).getPropertyValue("--heat").trim();
    for (const [i, { canvas }] of all.entries()) drawHead(desk, canvas, i, colour);
  };
  // The colours are those of the page, and there are none before it stands there.
  const observer = new ResizeObserver(() => {
    observer.disconnect();
    if (!desk.signal.aborted) draw();
  });
  observer.observe(element);
  onThemeChange(draw, desk.signal);
  desk.signal.addEventListener("abort", () => observer.disconnect(), { once: true });

  desk.onUpdate(() => {
    if (drawn !== desk.shown) draw();
    const rest = 1 - rowsSeen(desk) / Math.max(1, desk.tokens.length);
    element.style.setProperty("--rest", `${(100 * rest).toFixed(1)}%`);
    for (const [i, { button }] of all.entries()) setAttribute(button, "aria-pressed", String(i === looked(desk)));
  });
  return h("div", {}, h("div", { class: "caption" }, "All heads: a row for each layer"), element);
}

/** The number of the one head that is looked at, counted through all layers; -1 for a mean. */
function looked({ about, state: { layer, head } }: Desk): number {
  return layer === null || head === null ? -1 : layer * about.heads + head;
}

function drawHead({ shown, read, tokens }: Desk, canvas: HTMLCanvasElement, i: number, colour: string): void {
  const [T, S] = [tokens.length, read.length];
  canvas.width = Math.max(1, S) * CELL;
  canvas.height = Math.max(1, T) * CELL;
  const context = canvas.getContext("2d");
  if (!(context && shown)) return;
  context.fillStyle = colour;
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < S; s++) {
      context.globalAlpha = Math.min(1, shown.cross[(i * T + t) * S + s] ?? 0);
      context.fillRect(s * CELL, t * CELL, CELL, CELL);
    }
  }
}
