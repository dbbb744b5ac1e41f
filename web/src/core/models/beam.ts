// Beam search: several texts side by side, of which the best is not always the one that began best.
// Its twin in Python is llmbook.inference.search.

export interface Scored {
  /** Σ log p / length^α. */
  score: number;
  /** What was written, the end too. */
  ids: number[];
}

interface Open<State> {
  sum: number;
  ids: number[];
  state: State;
}

export interface Search<State> {
  /** Before the first id is written. */
  start: State;
  /** The log-probabilities of what follows, and the state to go on with once an id was chosen. */
  read: (state: State) => Float64Array;
  go: (state: State, id: number) => State;
  beams: number;
  most: number;
  end: number;
  lengthPenalty?: number;
}

/** The best texts, best first: ended ones, or those still open after so many ids. Throws for less than one beam. */
export function beamSearch<State>({ start, read, go, beams, most, end, lengthPenalty = 1 }: Search<State>): Scored[] {
  const counts = [beams, most].every((n) => Number.isInteger(n) && n >= 1);
  if (!counts) throw new Error(`beam search needs at least one beam and one id, not ${beams} and ${most}`);
  let open: Open<State>[] = [{ sum: 0, ids: [], state: start }];
  let finished: Scored[] = [];
  for (let length = 1; length <= most; length++) {
    // The best continuations of all prefixes together: twice as many as beams, since as many may end
    const best = open
      .flatMap((prefix) => Array.from(read(prefix.state), (p, id) => ({ prefix, id, sum: prefix.sum + p })))
      .sort((a, b) => b.sum - a.sum)
      .slice(0, 2 * beams);

    // An end among the best `beams` finishes a text; one further down is dropped
    const ended = best.slice(0, beams).filter(({ id }) => id === end);
    const texts = ended.map(({ prefix, sum }) => ({ score: sum / length ** lengthPenalty, ids: [...prefix.ids, end] }));
    finished = bestFirst([...finished, ...texts]).slice(0, beams);

    // The best that have not ended go on
    const on = best.filter(({ id }) => id !== end).slice(0, beams);
    const worst = finished[beams - 1];
    const none = !on[0] || (worst && on[0].sum / length ** lengthPenalty <= worst.score);
    if (none) return finished;
    open = on.map(({ prefix, id, sum }) => ({ sum, ids: [...prefix.ids, id], state: go(prefix.state, id) }));
  }
  const unfinished = open.map(({ sum, ids }) => ({ score: sum / most ** lengthPenalty, ids }));
  return bestFirst([...finished, ...unfinished]).slice(0, beams);
}

const bestFirst = (texts: Scored[]): Scored[] => texts.sort((a, b) => b.score - a.score);
