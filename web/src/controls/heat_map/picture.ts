// What a heat map shows, and what the two ways to draw it, SVG and canvas, have in common.

export interface HeatView {
  /** A weight from 0 to 1 for each cell, row-major. */
  weights: Float64Array;
  /** 0 where a cell is masked. */
  mayAttend: Uint8Array;
  /** The selected cell; a column below 0 for none. */
  row: number;
  col: number;
  /** The row whose weights are not shown yet; below 0 for none. */
  hiddenRow: number;
}

export interface Picture {
  element: Element;
  draw(view: HeatView): void;
}
