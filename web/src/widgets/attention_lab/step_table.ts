// Every step for the selected query: scores, scaled scores, weights, and the output they add up to.

import { type Details, details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import { rowOf } from "../../core/matrix";
import { entropy } from "../../core/softmax";
import type { Lab } from "./lab";

const HEADINGS = ["key", "score q·k", "scaled", "weight"];

export function stepTable(lab: Lab): Details {
  const steps = scrollRegion("Every step for the selected word");
  const output = h("p");
  const part = details({
    title: "Every step: scores, scaled scores, weights, output",
    children: [steps, output],
    fill: () => {
      steps.replaceChildren(table(HEADINGS, stepRows(lab)));
      output.textContent = lab.isHidden ? "" : describeOutput(lab);
    },
    signal: lab.signal,
  });
  lab.onUpdate(part.update);
  return part;
}

function stepRows(lab: Lab): string[][] {
  const { scores, scaled } = lab.attention;
  return lab.inputs.keyTokens.map((word, s) => {
    const i = lab.state.row * lab.S + s;
    return [word, fixed(scores[i] ?? 0), fixed(scaled[i] ?? 0), weightText(lab, i)];
  });
}

function weightText({ attention, isHidden }: Lab, i: number): string {
  if (isHidden) return "?";
  return attention.mayAttend[i] ? fixed(attention.weights[i] ?? 0) : "hidden";
}

function describeOutput(lab: Lab): string {
  const { row } = lab.state;
  const output = rowOf(lab.attention.outputs, lab.inputs.v.cols, row);
  const numbers = Array.from(output, (x) => fixed(x)).join(", ");
  const bits = fixed(entropy(lab.weightsOf(row)));
  const most = fixed(Math.log2(lab.S));
  return `Output: (${numbers}). Entropy of the weights: ${bits} bits of at most ${most}.`;
}
