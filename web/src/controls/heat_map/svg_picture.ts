// The heat map as SVG: sharp at any size and with digits in its cells, quick enough up to 32 tokens a side.

import { fixed, shorten } from "../../core/format";
import { svg } from "../element";
import { setAttribute } from "../write";
import { edgeOf, LABELS, type Layout } from "./layout";
import type { HeatView, Picture } from "./picture";

const SHADES = 128; // more than an eye tells apart, and few enough that most cells keep theirs from move to move
const MIN_SIZE_FOR_DIGITS = 30;

interface Cells {
  rects: SVGElement[];
  crosses: SVGElement[];
  /** Empty where the cells are too small for them. */
  digits: SVGElement[];
}

export function svgPicture(layout: Layout, rowNames: string[], colNames: string[]): Picture {
  const { rows, cols, size, width, height } = layout;
  const cells = makeCells(layout);
  const frame = svg("rect", { class: "frame", x: LABELS, y: LABELS, width: cols * size, height: rows * size });
  const selectedRow = svg("rect", { class: "row", x: LABELS, width: cols * size, height: size });
  const selectedCell = svg("rect", { class: "active", width: size, height: size });
  const element = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" },
    ...rowNames.map((name, row) => rowLabel(layout, name, row)),
    ...colNames.map((name, col) => columnLabel(layout, name, col)),
    // Looks are inherited from the groups: matching rules for each cell would cost more.
    svg("g", { class: "cells" }, ...cells.rects),
    svg("g", { class: "crosses" }, ...cells.crosses),
    svg("g", { class: "digits" }, ...cells.digits),
    frame,
    selectedRow,
    selectedCell,
  );
  const drawCells = cellPainter(cells, cols);

  function draw(view: HeatView): void {
    drawCells(view);
    setAttribute(selectedRow, "y", String(edgeOf(layout, view.row)));
    setAttribute(selectedCell, "visibility", view.col < 0 ? "hidden" : "visible");
    setAttribute(selectedCell, "x", String(edgeOf(layout, view.col)));
    setAttribute(selectedCell, "y", String(edgeOf(layout, view.row)));
  }
  return { element, draw };
}

function label(name: string, x: number, y: number, attributes: Record<string, string | number>): SVGElement {
  return svg("text", { x, y, "dominant-baseline": "central", ...attributes }, shorten(name, 8));
}

function rowLabel(layout: Layout, name: string, row: number): SVGElement {
  const fontSize = Math.min(13, layout.size);
  return label(name, LABELS - 6, edgeOf(layout, row + 0.5), { "text-anchor": "end", "font-size": fontSize });
}

function columnLabel(layout: Layout, name: string, col: number): SVGElement {
  const fontSize = Math.min(13, layout.size);
  const x = edgeOf(layout, col + 0.5);
  if (!layout.slanted) return label(name, x, LABELS - 10, { "text-anchor": "middle", "font-size": fontSize });
  const transform = `rotate(-60 ${x} ${LABELS - 6})`;
  return label(name, x, LABELS - 6, { "text-anchor": "start", "font-size": fontSize, transform });
}

function makeCells(layout: Layout): Cells {
  const { rows, cols, size } = layout;
  const cells: Cells = { rects: [], crosses: [], digits: [] };
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const x = edgeOf(layout, col);
      const y = edgeOf(layout, row);
      cells.rects.push(svg("rect", { x: x + 0.5, y: y + 0.5, width: size - 1, height: size - 1, "fill-opacity": 0 }));
      cells.crosses.push(cross(x, y, size));
      if (size > MIN_SIZE_FOR_DIGITS) cells.digits.push(digit(x + size / 2, y + size / 2));
    }
  }
  return cells;
}

function cross(x: number, y: number, size: number): SVGElement {
  const from = `${x + size * 0.35} ${y + size * 0.65}`;
  const to = `${x + size * 0.65} ${y + size * 0.35}`;
  return svg("path", { d: `M${from}L${to}`, visibility: "hidden" });
}

function digit(x: number, y: number): SVGElement {
  return svg("text", { x, y, "text-anchor": "middle", "dominant-baseline": "central" });
}

/** Draws all cells, and touches only those that have changed since the last time. */
function cellPainter(cells: Cells, cols: number): (view: HeatView) => void {
  const paintRects = rectPainter(cells.rects, cols);
  const paintCrosses = crossPainter(cells.crosses);
  const paintDigits = digitPainter(cells.digits, cols);
  return (view) => {
    paintRects(view);
    paintCrosses(view);
    paintDigits(view);
  };
}

/** The darker a cell, the larger its weight; one below 0 has the other colour. */
function rectPainter(rects: SVGElement[], cols: number): (view: HeatView) => void {
  const levels = new Int16Array(rects.length).fill(2 * SHADES);
  return ({ weights, hiddenRow, full = 1 }) => {
    for (let i = 0; i < rects.length; i++) {
      const level = Math.floor(i / cols) === hiddenRow ? 0 : Math.round((weights[i]! / full) * SHADES);
      if (level === levels[i]) continue;
      if (level < 0 !== levels[i]! < 0) rects[i]!.classList.toggle("less", level < 0);
      levels[i] = level;
      rects[i]!.setAttribute("fill-opacity", (Math.abs(level) / SHADES).toFixed(3));
    }
  };
}

/** A stroke through each masked cell. */
function crossPainter(crosses: SVGElement[]): (view: HeatView) => void {
  const visible = new Uint8Array(crosses.length);
  return ({ mayAttend }) => {
    for (let i = 0; i < crosses.length; i++) {
      const isMasked = mayAttend[i] ? 0 : 1;
      if (isMasked === visible[i]) continue;
      visible[i] = isMasked;
      crosses[i]!.setAttribute("visibility", isMasked ? "visible" : "hidden");
    }
  };
}

/** The weight in each cell that is not masked. */
function digitPainter(digits: SVGElement[], cols: number): (view: HeatView) => void {
  const texts: string[] = new Array(digits.length).fill("");
  return ({ weights, mayAttend, hiddenRow }) => {
    for (let i = 0; i < digits.length; i++) {
      let text = mayAttend[i] ? fixed(weights[i]!) : "";
      if (Math.floor(i / cols) === hiddenRow) text = "?";
      if (text === texts[i]) continue;
      texts[i] = text;
      digits[i]!.textContent = text;
    }
  };
}
