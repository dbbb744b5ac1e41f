// The weights before the swap, after it, and by how much they change: a row for each query, a column for each key.

import { chips } from "../../controls/chips";
import { h } from "../../controls/element";
import { heatMap } from "../../controls/heat_map";
import { legend } from "../../controls/heat_map/legend";
import type { HeatView } from "../../controls/heat_map/picture";
import { setText } from "../../controls/write";
import { legible } from "../../core/legible";
import type { PositionLab } from "./lab";
import { describeCell } from "./sentences";
import { VIEWS, type View } from "./state";

const STEP = 0.1;

export const CAPTIONS: Record<View, string> = {
  before: "Weights: rows are queries, columns keys",
  after: "Weights after the swap, rows and columns in the new order",
  change: "Size of each weight's change, rows and columns in the old order",
};

export function weightsMap(lab: PositionLab): HTMLElement {
  const views = chips({
    className: "chips queries views",
    onSelect: (i) => lab.show(VIEWS[i] ?? "before"),
    signal: lab.signal,
  });
  views.setWords([...VIEWS]);
  const caption = h("div", { class: "caption" });
  const scale = legend();
  const label = (T: number): string => `Attention weights: ${T} queries by ${T} keys. Arrow keys move.`;
  const onMove = (row: number, col: number): void => select(lab, row, col);
  const map = heatMap({ label, onClick: onMove, onMove, onEnter: () => undefined, signal: lab.signal });
  let named = "";
  lab.onUpdate(() => {
    const view = viewOf(lab);
    const names = namesOf(lab);
    if (named !== JSON.stringify(names)) map.setNames(names, names);
    named = JSON.stringify(names);
    map.draw(view, describeCell(lab));
    scale.update(view.full ?? 1);
    setText(caption, CAPTIONS[lab.state.show]);
    views.press(VIEWS.indexOf(lab.state.show));
  });
  return h("div", { class: "map" }, views.element, caption, map.element, scale.element);
}

/** A cell of the picture; below 0 a name, left or above, was hit. */
function select(lab: PositionLab, row: number, col: number): void {
  const { places } = lab.reading;
  const wordAt = (place: number): number => (lab.state.show === "after" ? (places[place] ?? 0) : place);
  lab.change({
    ...(row >= 0 ? { row: wordAt(row) } : {}),
    ...(col >= 0 ? { key: wordAt(col) } : {}),
  });
}

/** The names of the rows and the columns. */
export function namesOf(lab: PositionLab): string[] {
  return (lab.state.show === "after" ? lab.swapped : lab.words).map((word) => legible(word)[0]);
}

export function viewOf({ state, reading }: PositionLab): HeatView {
  const { before, after, change, places } = reading;
  const { row, key } = state;
  if (state.show === "before") return { ...before, row, col: key, hiddenRow: -1 };
  if (state.show === "after") return { ...after, row: places[row] ?? 0, col: places[key] ?? 0, hiddenRow: -1 };
  const T = places.length;
  const mayAttend = before.mayAttend.map((may, i) => {
    return may | (after.mayAttend[(places[Math.floor(i / T)] ?? 0) * T + (places[i % T] ?? 0)] ?? 0);
  });
  const weights = change.map(Math.abs);
  return { weights, mayAttend, full: fullOf(weights), row, col: key, hiddenRow: -1 };
}

/** The weight of full colour: the largest change, rounded up to a tenth. */
function fullOf(weights: Float64Array): number {
  return Math.max(1, Math.ceil(Math.max(...weights) / STEP - 1e-9)) / 10;
}
