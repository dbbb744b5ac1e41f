// What the keys mean in a grid that is one stop of the Tab key.

const MOVES: Record<string, [rows: number, cols: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

const clamp = (index: number, length: number): number => Math.max(0, Math.min(length - 1, index));

/** The cell this key leads to, within the grid; undefined where the key does not move. */
export function cellAfter(
  key: string,
  [row, col]: readonly [number, number],
  [rows, cols]: readonly [number, number],
): [number, number] | undefined {
  const move = MOVES[key];
  return move && [clamp(row + move[0], rows), clamp(col + move[1], cols)];
}
