// The query, key and value vectors behind the selected cell, as rows of numbers to select and to drag.

import { onHorizontalDrag } from "../../controls/drag";
import { h } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { labelOf, quoteOf } from "../../core/legible";
import type { Lab } from "./lab";
import type { MatrixName } from "./state";

const MATRICES: MatrixName[] = ["q", "k", "v"];

/** The column of one of the three vectors. */
export interface Coordinate {
  matrix: MatrixName;
  column: number;
}

interface EntryButton extends Coordinate {
  button: HTMLButtonElement;
}

type Headings = Record<MatrixName, HTMLElement>;

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

export function vectorsTable(lab: Lab, { onSelect, onDrag }: VectorsTableOptions): VectorsTable {
  const { signal } = lab;
  const element = h("div", { class: "scroll" });
  const heading = (): HTMLElement => h("th", { scope: "row" });
  const headings: Headings = { q: heading(), k: heading(), v: heading() };
  let entries: EntryButton[] = [];

  const select = (target: EventTarget | null): EntryButton | undefined => {
    const entry = entries.find(({ button }) => button === target);
    if (entry) onSelect(entry);
    return entry;
  };
  element.addEventListener("click", (event) => select(event.target), { signal });
  onHorizontalDrag(element, {
    onStart: (button) => {
      const entry = select(button);
      return entry ? entryAt(lab, entry) : 0;
    },
    onMove: onDrag,
    signal,
  });

  lab.onTokens(() => {
    entries = MATRICES.flatMap((matrix) => entryButtons(matrix, lab.inputs[matrix].cols));
    element.replaceChildren(tableOf(headings, entries));
  });
  const update = (selected: Coordinate): void => {
    for (const matrix of MATRICES) {
      setText(headings[matrix], `${matrix} of ${quoteOf(wordsOf(lab, matrix), lab.rowIn(matrix))}`);
    }
    for (const entry of entries) {
      updateEntry(lab, entry, entry.matrix === selected.matrix && entry.column === selected.column);
    }
  };
  return { element, update };
}

/** The words whose vectors a matrix's rows are. */
function wordsOf({ inputs }: Lab, matrix: MatrixName): string[] {
  return matrix === "q" ? inputs.tokens : inputs.keyTokens;
}

function entryButtons(matrix: MatrixName, columns: number): EntryButton[] {
  return Array.from({ length: columns }, (_, column) => {
    return { matrix, column, button: h("button", { type: "button", class: "entry" }) };
  });
}

/** A row for each matrix. */
function tableOf(headings: Headings, entries: EntryButton[]): HTMLElement {
  const rows = MATRICES.map((matrix) => {
    const cells = entries.filter((entry) => entry.matrix === matrix).map(({ button }) => h("td", {}, button));
    return h("tr", {}, headings[matrix], ...cells);
  });
  return h("table", {}, h("tbody", {}, ...rows));
}

function updateEntry(lab: Lab, { matrix, column, button }: EntryButton, isSelected: boolean): void {
  const value = fixed(entryAt(lab, { matrix, column }), 1);
  setText(button, value);
  const word = labelOf(wordsOf(lab, matrix), lab.rowIn(matrix));
  setAttribute(button, "aria-label", `${matrix} of ${word}, coordinate ${column}: ${value}`);
  setAttribute(button, "aria-pressed", String(isSelected));
}
