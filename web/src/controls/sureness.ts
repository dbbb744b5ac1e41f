// How sure a reader is, asked before an answer: the steps are the same wherever the book asks.

import { h } from "./element";

const SURE: [probability: number, words: string][] = [
  [0.1, "10 %, a guess"],
  [0.3, "30 %, doubtful"],
  [0.5, "50 %, either way"],
  [0.7, "70 %, likely"],
  [0.9, "90 %, sure"],
  [0.99, "99 %, certain"],
];

/** A choice among them, or none: the value is the probability, or empty. */
export function surenessSelect(attributes: Record<string, string> = {}): HTMLSelectElement {
  const options = SURE.map(([probability, words]) => h("option", { value: String(probability) }, words));
  return h("select", attributes, h("option", { value: "" }, "not said"), ...options);
}
