// The sentence that says where the selected query looks, to be read and to be spoken.

import { fixed } from "../../core/format";
import { labelOf, quoteOf } from "../../core/legible";
import { entropy } from "../../core/softmax";
import type { Lab } from "./lab";

/** The selected query's two largest weights, and that of the selected key. */
export function describeQuery(lab: Lab): string {
  const query = quoteOf(lab.inputs.tokens, lab.state.row);
  if (lab.isHidden) return `Where will ${query} look? Choose a word below, or a cell of its row.`;

  const weights = lab.weightsOf(lab.state.row);
  const largest = [...weights.entries()].sort(([, a], [, b]) => b - a).slice(0, 2);
  const parts = largest.filter(([, weight]) => weight > 0).map(([s]) => describeWeight(lab, s));
  if (parts.length === 0) return `${query} may look nowhere: all its weights are 0, and so is its output.`;
  const said = largest.some(([s, weight]) => s === lab.key && weight > 0);
  const selected = said ? "" : ` Selected: ${describeWeight(lab, lab.key)}.`;
  return `${query} attends ${parts.join(", then ")} (entropy ${fixed(entropy(weights))} bits).${selected}`;
}

/** The weight of one key of the selected query. */
function describeWeight(lab: Lab, s: number): string {
  const i = lab.state.row * lab.S + s;
  const { weights, mayAttend } = lab.attention;
  return `${fixed(weights[i] ?? 0)} to ${quoteOf(lab.inputs.keyTokens, s)}${mayAttend[i] ? "" : ", which is hidden"}`;
}

/** The selected cell's weight. */
export function describeCell({ state, key, inputs, attention, isHidden, S }: Lab): string {
  const { row } = state;
  if (key < 0) return `${labelOf(inputs.tokens, row)}: no key selected`;
  const cell = `${labelOf(inputs.tokens, row)} to ${labelOf(inputs.keyTokens, key)}`;
  if (isHidden) return `${cell}: not revealed`;
  const i = row * S + key;
  return `${cell}: ${attention.mayAttend[i] ? fixed(attention.weights[i] ?? 0) : "hidden by the mask"}`;
}
