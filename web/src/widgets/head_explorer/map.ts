// The chosen heads in large: a row for each query, a column for each key; of a difference, what is more and what is less.

import { h } from "../../controls/element";
import { heatMap } from "../../controls/heat_map";
import { BOTH_WAYS, legend } from "../../controls/heat_map/legend";
import type { HeatView } from "../../controls/heat_map/picture";
import { setText } from "../../controls/write";
import { legible } from "../../core/legible";
import type { Explorer } from "./explorer";
import { captionOf, describeCell } from "./sentences";

const STEP = 0.1;

export function weightsMap(explorer: Explorer): HTMLElement {
  const caption = h("div", { class: "caption" });
  const scales = [legend(), legend(BOTH_WAYS)] as const;
  const onMove = (row: number, col: number): void => {
    explorer.change({ ...(row >= 0 && { row }), ...(col >= 0 && { key: col }) });
  };
  const label = (T: number): string => `Attention weights: ${T} queries by ${T} keys. Arrow keys move.`;
  const map = heatMap({ label, onClick: onMove, onMove, onEnter: () => undefined, signal: explorer.signal });
  let named = "";
  explorer.onUpdate(() => {
    const names = namesOf(explorer);
    map.element.hidden = names.length === 0;
    setText(caption, captionOf(explorer));
    if (names.length === 0) return;
    if (named !== JSON.stringify(names)) map.setNames(names, names);
    named = JSON.stringify(names);
    const view = viewOf(explorer);
    map.draw(view, describeCell(explorer));
    for (const [both, { element, update }] of scales.entries()) {
      element.hidden = (explorer.against !== "nothing") !== Boolean(both);
      update(view.full ?? 1);
    }
  });
  return h("div", { class: "map" }, caption, map.element, ...scales.map(({ element }) => element));
}

/** The names of the rows and the columns. */
export function namesOf({ words }: Explorer): string[] {
  return words.map((word) => legible(word)[0]);
}

export function viewOf(explorer: Explorer): HeatView {
  const weights = explorer.shown;
  const { row, key } = explorer.state;
  const isDifference = explorer.against !== "nothing";
  const full = isDifference ? fullOf(weights) : 1;
  return { weights, mayAttend: mayShow(explorer, weights), full, row, col: key, hiddenRow: -1 };
}

/** A cell that is masked now may still have been seen by what is subtracted. */
function mayShow(explorer: Explorer, weights: Float64Array): Uint8Array {
  return explorer.mayAttend.map((may, i) => (may || weights[i] ? 1 : 0));
}

/** The size of full colour: the largest difference, rounded up to a tenth. */
function fullOf(weights: Float64Array): number {
  const most = weights.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0);
  return Math.max(1, Math.ceil(most / STEP - 1e-9)) / 10;
}
