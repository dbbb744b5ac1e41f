// What a heat map shows, and what the two ways to draw it, SVG and canvas, have in common.

export interface HeatView {
  /** A weight for each cell, row-major; below 0 only where differences are shown. */
  weights: Float64Array;
  /** The weight of a cell in full colour; 1 where nothing is said. */
  full?: number;
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
