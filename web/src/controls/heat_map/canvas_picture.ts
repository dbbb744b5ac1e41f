// The heat map on a canvas, for more than 32 tokens a side: one bitmap costs less than thousands of elements.

import { shorten } from "../../core/format";
import { h } from "../element";
import { edgeOf, LABELS, type Layout } from "./layout";
import type { HeatView, Picture } from "./picture";

const DENSITY = 2; // pixels a unit, for sharp edges on dense screens
const MIN_WEIGHT = 0.002;
const LETTERS = 9;

export function canvasPicture(layout: Layout, rowNames: string[], colNames: string[], signal: AbortSignal): Picture {
  const { element, context } = canvasOf(layout);
  element.setAttribute("aria-hidden", "true");
  const labels = canvasOf(layout);
  let ink = "";
  let latest: HeatView | undefined;

  function draw(view: HeatView): void {
    latest = view;
    const style = getComputedStyle(element);
    if (ink !== style.color) {
      ink = style.color;
      drawLabels(labels.context, layout, rowNames, colNames, ink);
    }
    context.clearRect(0, 0, layout.width, layout.height);
    context.drawImage(labels.element, 0, 0, layout.width, layout.height);
    const colours = ["--heat", "--mark"].map((name) => style.getPropertyValue(name).trim());
    for (const [i, colour] of colours.entries()) drawCells(context, layout, view, colour, i ? -1 : 1);
    drawFrames(context, layout, view, style);
  }

  // The colours are those of the page, and a canvas has none before it stands there.
  const observer = new ResizeObserver(() => {
    observer.disconnect();
    if (latest && !signal.aborted) draw(latest);
  });
  observer.observe(element);
  return { element, draw };
}

interface Canvas {
  element: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
}

/** A canvas in the layout's units. */
function canvasOf({ width, height }: Layout): Canvas {
  const element = h("canvas", { width: String(width * DENSITY), height: String(height * DENSITY) });
  const context = element.getContext("2d");
  if (!context) throw new Error("this browser gives no 2d context of a canvas");
  context.scale(DENSITY, DENSITY);
  return { element, context };
}

function drawLabels(
  context: CanvasRenderingContext2D,
  layout: Layout,
  rowNames: string[],
  colNames: string[],
  ink: string,
): void {
  context.clearRect(0, 0, layout.width, layout.height);
  context.fillStyle = ink;
  context.font = `${Math.min(11, layout.size + 1)}px system-ui, sans-serif`;
  context.textBaseline = "middle";

  context.textAlign = "right";
  for (const [row, name] of rowNames.entries()) {
    context.fillText(shorten(name, LETTERS), LABELS - 4, edgeOf(layout, row + 0.5));
  }

  context.textAlign = "left";
  for (const [col, name] of colNames.entries()) {
    context.save();
    context.translate(edgeOf(layout, col + 0.5), LABELS - 4);
    context.rotate(-Math.PI / 3);
    context.fillText(shorten(name, LETTERS), 0, 0);
    context.restore();
  }
}

/** The cells whose weights have this sign. */
function drawCells(
  context: CanvasRenderingContext2D,
  layout: Layout,
  view: HeatView,
  colour: string,
  sign: 1 | -1,
): void {
  const { rows, cols, size } = layout;
  context.fillStyle = colour;
  for (let row = 0; row < rows; row++) {
    if (row === view.hiddenRow) continue;
    for (let col = 0; col < cols; col++) {
      const weight = (sign * view.weights[row * cols + col]!) / (view.full ?? 1);
      if (!view.mayAttend[row * cols + col] || weight < MIN_WEIGHT) continue;
      context.globalAlpha = weight;
      context.fillRect(edgeOf(layout, col), edgeOf(layout, row), size - 0.5, size - 0.5);
    }
  }
  context.globalAlpha = 1;
}

/** The frame of the whole, of the selected row and of the selected cell. */
function drawFrames(
  context: CanvasRenderingContext2D,
  layout: Layout,
  { row, col }: HeatView,
  style: CSSStyleDeclaration,
): void {
  const { rows, cols, size } = layout;
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  context.lineWidth = 1;
  context.strokeStyle = colour("--line");
  context.strokeRect(LABELS, LABELS, cols * size, rows * size);
  context.strokeStyle = colour("--soft");
  context.strokeRect(LABELS, edgeOf(layout, row), cols * size, size);
  if (col < 0) return;
  context.lineWidth = 2;
  context.strokeStyle = colour("--mark");
  context.strokeRect(edgeOf(layout, col), edgeOf(layout, row), size, size);
}
