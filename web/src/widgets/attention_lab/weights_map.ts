// The attention weights as a heat map: a row for each query, a column for each key.

import { heatMap } from "../../controls/heat_map";
import type { HeatView } from "../../controls/heat_map/picture";
import { legible } from "../../core/legible";
import type { Lab } from "./lab";
import type { Prediction } from "./prediction";
import { describeCell } from "./sentence";

export function weightsMap(lab: Lab, prediction: Prediction): HTMLElement {
  /** A click on a name, left or above, selects that row or column alone; one on another row asks of that query. */
  function onClick(t: number, s: number): void {
    const row = t >= 0 ? t : lab.state.row;
    if (s >= 0 && row === lab.hiddenRow) prediction.guess(s);
    else if (t >= 0 && s >= 0 && lab.clickMasks && lab.hiddenRow < 0) lab.toggleBlocked(t, s);
    else lab.select(row, s);
  }

  function onEnter(): void {
    if (lab.hiddenRow < 0) lab.toggleBlocked(lab.state.row, lab.key);
    else if (lab.key >= 0) prediction.guess(lab.key);
  }

  const label = (T: number, S: number): string =>
    `Attention weights: ${T} queries by ${S} keys. Arrow keys move, Enter hides or shows a cell.`;
  const onMove = (row: number, key: number): void => lab.select(row, key);
  const map = heatMap({ label, onClick, onMove, onEnter, signal: lab.signal });

  lab.onTokens(() => map.setNames(...namesOf(lab)));
  lab.onUpdate(() => map.draw(viewOf(lab), describeCell(lab)));
  return map.element;
}

/** The names of the map's rows, and of its columns. */
export function namesOf({ inputs }: Lab): [rows: string[], cols: string[]] {
  const shown = (words: string[]): string[] => words.map((word) => legible(word)[0]);
  return [shown(inputs.tokens), shown(inputs.keyTokens)];
}

export function viewOf({ attention, state, key, hiddenRow }: Lab): HeatView {
  return { weights: attention.weights, mayAttend: attention.mayAttend, row: state.row, col: key, hiddenRow };
}
