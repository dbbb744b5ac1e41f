// What the numbers say in words: of the swap, of the chosen cell, and of the curve.

import { fixed } from "../../core/format";
import { labelOf, quoteOf } from "../../core/legible";
import { isEven, widthOf } from "./curve";
import type { PositionLab } from "./lab";

const NOTHING = 1e-9; // far more than two orders of summing differ by

/** Whether the swap changes a word's output, or only moves it. */
export function isChanged(lab: PositionLab, word: number): boolean {
  return (lab.reading.moved[word] ?? 0) > NOTHING;
}

export function describeSwap(lab: PositionLab): string {
  const { words, picked } = lab;
  const { swap, row } = lab.state;
  const [i, j] = swap;
  if (picked >= 0) return `${quoteOf(words, picked)} changes places with which word?`;
  if (i === undefined || j === undefined) return `${describeRow(lab)} Press two words: they change places.`;
  const both = `${quoteOf(words, i)} and ${quoteOf(words, j)} change places.`;
  if (lab.waits) return `${both} Will the output of ${quoteOf(words, row)} change, or only move along with its word?`;
  const changed = [...words.keys()].filter((word) => isChanged(lab, word));
  if (changed.length === 0) return `${both} Not one output changes: each only moves along with its word.`;
  const own = `That of ${quoteOf(words, row)} ${isChanged(lab, row) ? `changes by ${share(lab, row)}` : "does not"}.`;
  const most = changed.reduce((a, b) => ((lab.reading.moved[b] ?? 0) > (lab.reading.moved[a] ?? 0) ? b : a));
  const largest = most === row ? "" : ` Most changes that of ${quoteOf(words, most)}, by ${share(lab, most)}.`;
  return `${both} Outputs that change: ${changed.length} of ${words.length}. ${own}${largest}`;
}

function share(lab: PositionLab, word: number): string {
  return `${fixed(100 * (lab.reading.moved[word] ?? 0), 1)} % of its length`;
}

/** Where the chosen word looks, before any swap. */
function describeRow({ words, state, reading }: PositionLab): string {
  const T = words.length;
  const weights = [...reading.before.weights.subarray(state.row * T, (state.row + 1) * T)];
  const largest = Math.max(...weights);
  const most = weights.indexOf(largest);
  const alike = weights.filter((weight) => largest - weight < NOTHING).length - 1;
  const others = alike === 0 ? "" : `, and as much to ${alike} ${alike === 1 ? "other" : "others"}`;
  return `${quoteOf(words, state.row)} attends most to ${quoteOf(words, most)}: ${fixed(largest)}${others}.`;
}

/** The chosen cell: its weight before the swap and after. */
export function describeCell(lab: PositionLab): string {
  const { words, state, reading } = lab;
  const i = state.row * words.length + state.key;
  const before = reading.before.weights[i] ?? 0;
  const pair = `${labelOf(words, state.row)} to ${labelOf(words, state.key)}: ${fixed(before)}`;
  if (state.swap.length === 0) return pair;
  return `${pair} before, ${lab.waits ? "not revealed" : fixed(before + (reading.change[i] ?? 0))} after`;
}

/** What the curve is of, as a formula. */
export function formulaOf({ state: { kind, pairing, head } }: PositionLab): string {
  switch (kind) {
    case "sinusoidal":
      return "p_t · p_s / (|p_t| |p_s|) = 2/d Σ_i cos((t − s) θ_i); θ_i = base^(−2i/d)";
    case "learned":
      return "p_t · p_s / (|p_t| |p_s|): no formula, a table that was trained";
    case "rotary":
      if (pairing === "mixed") return "the chosen q and k, turned by two pairings: no formula in s − t alone";
      return "the chosen q and k: Σ_j |q_j| |k_j| cos((s − t) θ_j + φ_j) / √d; θ_j = base^(−2j/d)";
    case "alibi":
      return `−m |t − s|, with m = 1/${2 ** (head + 1)}`;
    default:
      return "0: a score of q · k / √d holds no distance";
  }
}

/** What the curve says the head can know. */
export function describeCurve({ reading: { curve }, state }: PositionLab): string {
  if (state.kind === "none") return "Nothing is told: all distances are alike.";
  const width = widthOf(curve);
  const place =
    width < NOTHING
      ? "The distance alone decides, wherever the two stand."
      : `The place matters too: at one distance the values lie up to ${fixed(width)} apart.`;
  const side = isEven(curve) ? " Before and behind are alike." : " Before and behind differ.";
  return place + (state.causal ? " The mask hides what is ahead." : side);
}
