// What a head looks at, as one number of each kind: the share of its weights that lies where a template says.
// The twin in Python is llmbook.pages.head_scores, which tells what each kind is.

export const KINDS = ["previous", "induction", "duplicate", "rest", "pronoun"] as const;
export type Kind = (typeof KINDS)[number];

/** The cells of a T × T map that count, and how much. */
export interface Template {
  cells: number[];
  shares: number[];
}

export type Templates = Partial<Record<Kind, Template>>;
export type Pronoun = readonly [pronoun: number, right: number, wrong: number];

/** Those that these words have: without a word that stands twice there is neither induction nor duplicate. */
export function templates(words: string[], rest: number[], pronouns: Pronoun[]): Templates {
  const T = words.length;
  const earlier = (t: number, s: number): boolean => s < t && words[s] === words[t];
  const found: [Kind, Template][] = [
    ["previous", even(T, (t, s) => s === t - 1)],
    ["induction", even(T, (t, s) => s > 0 && earlier(t, s - 1))],
    ["duplicate", even(T, earlier)],
    ["rest", even(T, (t, s) => rest.includes(s) && !rest.includes(t))],
    ["pronoun", ofPronouns(T, pronouns)],
  ];
  return Object.fromEntries(found.filter(([, { cells }]) => cells.length > 0));
}

/** All cells that count, each with one over the number of rows that have some. */
function even(T: number, counts: (t: number, s: number) => boolean): Template {
  const cells = Array.from({ length: T * T }, (_, i) => i).filter((i) => counts(Math.floor(i / T), i % T));
  const rows = new Set(cells.map((i) => Math.floor(i / T))).size;
  return { cells, shares: cells.map(() => 1 / rows) };
}

function ofPronouns(T: number, pronouns: Pronoun[]): Template {
  const cells = pronouns.flatMap(([pronoun, right, wrong]) => [pronoun * T + right, pronoun * T + wrong]);
  return { cells, shares: cells.map((_, i) => (i % 2 ? -1 : 1) / pronouns.length) };
}

/** A number for each head, of weights (heads, T, T). */
export function headScores(weights: Float64Array, { cells, shares }: Template, T: number): Float64Array {
  return Float64Array.from({ length: weights.length / (T * T) }, (_, head) => {
    const start = head * T * T;
    return cells.reduce((sum, cell, i) => sum + weights[start + cell]! * shares[i]!, 0);
  });
}
