// The attention weights as a heat map: a row for each query, a column for each key.

import { h } from "../../controls/element";
import { heatMap } from "../../controls/heat_map";
import { legible } from "../../core/legible";
import type { Lab } from "./lab";
import type { Prediction } from "./prediction";
import { describeCell } from "./sentence";

export function weightsMap(lab: Lab, prediction: Prediction): HTMLElement {
  /** A click on a name, left or above, selects that row or column alone. */
  function onClick(t: number, s: number): void {
    const { row, key } = lab.state;
    if (lab.hiddenRow >= 0) {
      if (s >= 0) prediction.guess(s);
    } else if (t >= 0 && s >= 0 && lab.clickMasks) {
      lab.toggleBlocked(t, s);
    } else {
      lab.select(t >= 0 ? t : row, s >= 0 ? s : key);
    }
  }

  function onEnter(): void {
    const { row, key } = lab.state;
    if (lab.hiddenRow >= 0) prediction.guess(key);
    else lab.toggleBlocked(row, key);
  }

  const label = (T: number, S: number): string =>
    `Attention weights: ${T} queries by ${S} keys. Arrow keys move, Enter hides or shows a cell.`;
  const onMove = (row: number, key: number): void => lab.select(row, key);
  const map = heatMap({ label, onClick, onMove, onEnter, signal: lab.signal });

  const shown = (words: string[]): string[] => words.map((word) => legible(word)[0]);
  lab.onTokens(() => map.setNames(shown(lab.inputs.tokens), shown(lab.inputs.keyTokens)));
  lab.onUpdate(() => {
    const { weights, mayAttend } = lab.attention;
    const { row, key } = lab.state;
    map.draw({ weights, mayAttend, row, col: key, hiddenRow: lab.hiddenRow }, describeCell(lab));
  });
  return h("div", {}, map.element);
}
