// The heat map: a picture of a matrix, and over it a grid for pointers, keys and screen readers.
// What a click or a key does to the selected cell is the widget's business.

import { h, uniqueId } from "../element";
import { adoptStyleSheet } from "../style_sheet";
import { setAttribute, setText } from "../write";
import { canvasPicture } from "./canvas_picture";
import css from "./heat_map.css";
import { cellAfter } from "./keys";
import { cellAt, type Layout, layoutOf } from "./layout";
import type { HeatView, Picture } from "./picture";
import { svgPicture } from "./svg_picture";

interface HeatMapOptions {
  /** What the grid is called, by its numbers of rows and columns. */
  label(rows: number, cols: number): string;
  /** A click; below 0: not on a row, or not on a column. */
  onClick(row: number, col: number): void;
  /** An arrow, Home or End leads to this cell. */
  onMove(row: number, col: number): void;
  /** Enter or the space bar, on the selected cell. */
  onEnter(): void;
  signal: AbortSignal;
}

export interface HeatMap {
  element: HTMLElement;
  /** Begin a new picture, with these names of its rows and columns. */
  setNames(rowNames: string[], colNames: string[]): void;
  /** `sentence` says the selected cell in words. */
  draw(view: HeatView, sentence: string): void;
}

export function heatMap(options: HeatMapOptions): HeatMap {
  adoptStyleSheet(css);
  const { signal } = options;
  const cell = h("div", { role: "gridcell", id: uniqueId("cell") });
  const line = h("div", { role: "row", class: "hidden" }, cell);
  const grid = h("div", { role: "grid", tabindex: "0", "aria-activedescendant": cell.id }, line);
  const element = h("div", { class: "heat" }, grid);
  let layout: Layout = layoutOf(0, 0);
  let picture: Picture | undefined;
  let selected: [number, number] = [0, 0];

  const onClick = (event: MouseEvent): void => {
    const box = element.getBoundingClientRect();
    const unitsPerPixel = layout.width / box.width;
    const x = (event.clientX - box.left) * unitsPerPixel;
    const y = (event.clientY - box.top) * unitsPerPixel;
    options.onClick(...cellAt(layout, x, y));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = cellAfter(event.key, selected, [layout.rows, layout.cols]);
    if (next) options.onMove(...next);
    else if (event.key === "Enter" || event.key === " ") options.onEnter();
    else return;
    event.preventDefault();
  };
  grid.addEventListener("click", onClick, { signal });
  grid.addEventListener("keydown", onKeyDown, { signal });

  function setNames(rowNames: string[], colNames: string[]): void {
    layout = layoutOf(rowNames.length, colNames.length);
    picture = layout.onCanvas
      ? canvasPicture(layout, rowNames, colNames, signal)
      : svgPicture(layout, rowNames, colNames);
    setAttribute(grid, "aria-rowcount", String(layout.rows));
    setAttribute(grid, "aria-colcount", String(layout.cols));
    setAttribute(grid, "aria-label", options.label(layout.rows, layout.cols));
    element.replaceChildren(picture.element, grid);
  }
  function draw(view: HeatView, sentence: string): void {
    selected = [view.row, view.col];
    picture?.draw(view);
    setText(cell, sentence);
    setAttribute(line, "aria-rowindex", String(view.row + 1));
    setAttribute(cell, "aria-colindex", String(Math.max(1, view.col + 1)));
  }
  return { element, setNames, draw };
}
