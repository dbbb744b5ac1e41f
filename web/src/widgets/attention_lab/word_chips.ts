// The words as buttons: the query that looks, and the keys it looks at, each with its weight as a bar.

import { chips } from "../../controls/chips";
import { fixed } from "../../core/format";
import type { Lab } from "./lab";
import type { Prediction } from "./prediction";

export function queryChips(lab: Lab): HTMLElement {
  const { element, setWords, press } = chips({
    className: "chips queries",
    onSelect: (row) => lab.select(row),
    signal: lab.signal,
  });
  lab.onTokens(() => setWords(lab.inputs.tokens));
  lab.onUpdate(() => press(lab.state.row));
  return element;
}

export function keyChips(lab: Lab, prediction: Prediction): HTMLElement {
  const { element, setWords, press, setBars } = chips({
    className: "chips keys",
    onSelect: (key) => (lab.isHidden ? prediction.guess(key) : lab.select(lab.state.row, key)),
    signal: lab.signal,
  });
  lab.onTokens(() => setWords(lab.inputs.keyTokens));
  lab.onUpdate(() => {
    const weights = lab.weightsOf(lab.state.row);
    setBars(Array.from(weights, (weight) => fixed(lab.isHidden ? 0 : weight)));
    press(lab.key);
  });
  return element;
}
