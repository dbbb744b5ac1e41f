// The query, key and value behind the selected cell, as rows of numbers to select and to drag, and between them the
// terms of q·k. The numbers are one stop of the Tab key.

import { onHorizontalDrag } from "../../controls/drag";
import { h } from "../../controls/element";
import { cellAfter } from "../../controls/heat_map/keys";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { labelOf, quoteOf } from "../../core/legible";
import type { Lab } from "./lab";
import type { MatrixName } from "./state";

const MATRICES: MatrixName[] = ["q", "k", "v"];
const LABEL = "Numbers behind the selected cell; arrow keys move between them";

/** The column of one of the three vectors. */
export interface Coordinate {
  matrix: MatrixName;
  column: number;
}

interface Row {
  heading: HTMLElement;
  cells: HTMLElement[];
}

type Rows = Record<MatrixName | "terms", Row>;

interface VectorsTableOptions {
  onSelect(coordinate: Coordinate): void;
  /** An entry, `value` where the drag began, was dragged so many pixels. */
  onDrag(value: number, pixels: number): void;
}

export interface VectorsTable {
  element: HTMLElement;
  update(selected: Coordinate): void;
}

/** The number at a coordinate, in the row that the selected cell picks. */
export function entryAt(lab: Lab, { matrix, column }: Coordinate): number {
  const { data, cols } = lab.inputs[matrix];
  return data[lab.rowIn(matrix) * cols + column] ?? 0;
}

export function vectorsTable(lab: Lab, options: VectorsTableOptions): VectorsTable {
  const { signal } = lab;
  const element = h("div", { class: "scroll", role: "group", "aria-label": LABEL });
  let rows: Rows | undefined;
  let shown: unknown[] = [];

  const select = (target: EventTarget | null): Coordinate | undefined => {
    const coordinate = rows && coordinateOf(rows, target);
    if (coordinate) options.onSelect(coordinate);
    return coordinate;
  };
  element.addEventListener("click", (event) => select(event.target), { signal });
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rows && entryAfter(rows, event);
    if (!next) return;
    event.preventDefault();
    select(next);
    next.focus();
  };
  element.addEventListener("keydown", onKeyDown, { signal });
  onHorizontalDrag(element, {
    onStart: (button) => {
      const entry = select(button);
      return entry ? entryAt(lab, entry) : 0;
    },
    onMove: options.onDrag,
    signal,
  });

  lab.onTokens(() => {
    rows = rowsOf(lab);
    shown = [];
    element.replaceChildren(tableOf(rows));
  });
  function update({ matrix, column }: Coordinate): void {
    // Most changes, of the temperature for instance, leave all the numbers as they are.
    const now = [lab.inputs, lab.state.row, lab.key, matrix, column];
    if (!rows || now.every((part, i) => part === shown[i])) return;
    shown = now;
    fill(lab, rows, { matrix, column });
  }
  return { element, update };
}

function rowsOf({ inputs }: Lab): Rows {
  const row = (columns: number, cell: () => HTMLElement): Row => {
    return { heading: h("th", { scope: "row" }), cells: Array.from({ length: columns }, cell) };
  };
  const entry = (): HTMLElement => h("button", { type: "button", class: "entry" });
  const [q, k, v] = MATRICES.map((matrix) => row(inputs[matrix].cols, entry)) as [Row, Row, Row];
  return { q, k, terms: row(inputs.q.cols, () => h("span")), v };
}

function tableOf(rows: Rows): HTMLElement {
  const lines = Object.values(rows).map(({ heading, cells }) => {
    return h("tr", {}, heading, ...cells.map((cell) => h("td", {}, cell)));
  });
  return h("table", {}, h("tbody", {}, ...lines));
}

/** Which number a button is. */
function coordinateOf(rows: Rows, target: EventTarget | null): Coordinate | undefined {
  for (const matrix of MATRICES) {
    const column = rows[matrix].cells.findIndex((cell) => target instanceof Node && cell.contains(target));
    if (column >= 0) return { matrix, column };
  }
  return undefined;
}

/** The button that a key leads to. */
function entryAfter(rows: Rows, { key, target }: KeyboardEvent): HTMLElement | undefined {
  const at = coordinateOf(rows, target);
  if (!at) return undefined;
  const size = (row: number): number => rows[MATRICES[row] ?? "q"].cells.length;
  const place = MATRICES.indexOf(at.matrix);
  const next = cellAfter(key, [place, at.column], [MATRICES.length, size(place)]);
  return next && rows[MATRICES[next[0]] ?? "q"].cells[Math.min(next[1], size(next[0]) - 1)];
}

function fill(lab: Lab, rows: Rows, selected: Coordinate): void {
  for (const matrix of MATRICES) {
    const words = matrix === "q" ? lab.inputs.tokens : lab.inputs.keyTokens;
    const index = lab.rowIn(matrix);
    setText(rows[matrix].heading, `${matrix} of ${index < 0 ? "…" : quoteOf(words, index)}`);
    const word = labelOf(words, index);
    for (const [column, button] of rows[matrix].cells.entries()) {
      const value = index < 0 ? "?" : fixed(entryAt(lab, { matrix, column }), 1);
      const isSelected = matrix === selected.matrix && column === selected.column;
      setText(button, value);
      setAttribute(button, "aria-label", `${matrix} of ${word}, coordinate ${column}: ${value}`);
      setAttribute(button, "aria-pressed", String(isSelected));
      setAttribute(button, "tabindex", isSelected ? "0" : "-1");
    }
  }
  fillTerms(lab, rows.terms);
}

/** The products that q·k is the sum of. */
function fillTerms(lab: Lab, { heading, cells }: Row): void {
  setText(heading, "q × k");
  for (const [column, cell] of cells.entries()) {
    const term = entryAt(lab, { matrix: "q", column }) * entryAt(lab, { matrix: "k", column });
    setText(cell, lab.key < 0 ? "?" : fixed(term));
  }
}
