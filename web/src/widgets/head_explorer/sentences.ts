// What the numbers say in words: which heads are shown, the chosen cell, and the score.

import { fixed } from "../../core/format";
import { KINDS, type Kind } from "../../core/head_scores";
import { labelOf, quoteOf } from "../../core/legible";
import type { Explorer } from "./explorer";

export const KIND_NAMES: Record<Kind, string> = {
  previous: "previous token",
  induction: "induction",
  duplicate: "duplicate token",
  rest: "rest",
  pronoun: "pronoun",
};

const MOST_NAMED = 3;

/** A number with a true minus. */
export function minus(x: number, decimals = 2): string {
  return fixed(x, decimals).replace("-", "−");
}

/** A difference with its sign, and none where it rounds to zero. */
export function signed(difference: number): string {
  const text = fixed(difference);
  return Number(text) > 0 ? `+${text}` : text.replace("-", "−");
}

/** Heads by their labels: one with its name, several as their mean. */
function calledHeads(explorer: Explorer, places: number[]): string {
  const { set, state } = explorer;
  const labels = set ? places.map((place) => set.labels[place] ?? "") : state.heads;
  const name = places.length === 1 ? explorer.nameOf(places[0] ?? -1) : "";
  const kind = KINDS.find((one) => KIND_NAMES[one] === name);
  if (kind) explorer.seen.add(`${state.sentence} ${kind}`); // the name tells what is asked in the game
  if (labels.length === 1) return `${labels[0]}${name && ` (${name})`}`;
  if (labels.length > MOST_NAMED) return `the mean of ${labels.length} heads`;
  return `the mean of ${labels.slice(0, -1).join(", ")} and ${labels.at(-1)}`;
}

/** What the map is of. */
export function captionOf(explorer: Explorer): string {
  if (explorer.words.length === 0) return "";
  const heads = calledHeads(explorer, explorer.chosen);
  const shown = heads.charAt(0).toUpperCase() + heads.slice(1);
  switch (explorer.against) {
    case "own":
      return `${shown}, less the same as the model has it: rows are queries, columns keys`;
    case "kept":
      return `${shown}, less ${calledHeads(explorer, explorer.kept)}: rows are queries, columns keys`;
    default:
      return `${shown}: rows are queries, columns keys`;
  }
}

/** The chosen cell in words. */
export function describeCell(explorer: Explorer): string {
  const { words, state } = explorer;
  const [weights, less] = explorer.parts;
  const i = state.row * words.length + state.key;
  const pair = `${labelOf(words, state.row)} to ${labelOf(words, state.key)}: `;
  const weight = weights[i] ?? 0;
  if (!less) return pair + fixed(weight);
  return `${pair}${fixed(weight)} less ${fixed(less[i] ?? 0)}, ${signed(weight - (less[i] ?? 0))}`;
}

/** The chosen word: how much it attends to the chosen key, and where it looks most. */
export function describe(explorer: Explorer): string {
  const { words, state } = explorer;
  if (words.length === 0) return "";
  const T = words.length;
  const [weights, less] = explorer.parts;
  const row = weights.subarray(state.row * T, (state.row + 1) * T);
  const query = quoteOf(words, state.row);
  const key = quoteOf(words, state.key);
  const weight = row[state.key] ?? 0;
  const heads = calledHeads(explorer, explorer.chosen);
  const told = `In ${heads}, ${query} attends ${fixed(weight)} to ${key}`;
  if (less) {
    const other = less[state.row * T + state.key] ?? 0;
    return `${told}; less ${fixed(other)} makes ${signed(weight - other)}.${describeScore(explorer)}`;
  }
  const most = row.indexOf(Math.max(...row));
  if (most === state.key) return `${told}, more than to any other.${describeScore(explorer)}`;
  return `${told}, and most, ${fixed(row[most] ?? 0)}, to ${quoteOf(words, most)}.${describeScore(explorer)}`;
}

/** The score of the one head that is shown. */
function describeScore(explorer: Explorer): string {
  const { scores, state, chosen } = explorer;
  if (!scores || state.score === "none" || chosen.length !== 1) return "";
  return ` Its score as a head of the kind ${KIND_NAMES[state.score]}: ${minus(scores[chosen[0] ?? 0] ?? 0)}.`;
}
