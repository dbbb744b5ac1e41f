// Where everything of a heat map stands, in the picture's own units: names to the left and above, square cells.

/** The room for names, to the left and above. */
export const LABELS = 72;
const OVERHANG = 36; // how far the last column's slanted name reaches beyond its column
const MAX_IN_SVG = 32;

export interface Layout {
  rows: number;
  cols: number;
  /** The side of a cell. */
  size: number;
  onCanvas: boolean;
  /** Whether the columns' names are slanted, at 60 degrees. */
  slanted: boolean;
  width: number;
  height: number;
}

export function layoutOf(rows: number, cols: number): Layout {
  const size = Math.max(9, Math.min(46, Math.floor(400 / Math.max(cols, 1))));
  const onCanvas = Math.max(rows, cols) > MAX_IN_SVG;
  const slanted = onCanvas || size <= 40;
  const width = LABELS + cols * size + (slanted ? OVERHANG : 2);
  const height = LABELS + rows * size + 2;
  return { rows, cols, size, onCanvas, slanted, width, height };
}

/** The left edge of a column, or the upper edge of a row. */
export function edgeOf(layout: Layout, index: number): number {
  return LABELS + index * layout.size;
}

/** The row and column at a point of the picture; below 0: a name was hit, or nothing. */
export function cellAt({ rows, cols, size, slanted }: Layout, x: number, y: number): [number, number] {
  // A slanted name stands at its foot.
  const offset = slanted && y < LABELS ? (LABELS - y) / Math.tan(Math.PI / 3) : 0;
  const row = Math.floor((y - LABELS) / size);
  const col = Math.floor((x - offset - LABELS) / size);
  return [row < rows ? row : -1, col < cols ? col : -1];
}
