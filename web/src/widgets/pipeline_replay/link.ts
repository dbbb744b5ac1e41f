// What of an address is a state.

import { SCHEDULES, type Swap } from "../../core/pipelines";
import { defined, oneOf, wholeIn } from "../../play/link";
import { MICROS, MOST_PLACES, MOST_SWAPS, RANKS, type State } from "./state";

export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { run } = values;
  return defined<State>({
    schedule: oneOf(values.schedule, SCHEDULES),
    ranks: wholeIn(values.ranks, ...RANKS),
    micros: wholeIn(values.micros, ...MICROS),
    run: typeof run === "string" ? run : undefined, // one that there is not is equal lengths: see the replay
    swaps: swapsIn(values.swaps),
    rank: wholeIn(values.rank, 0, RANKS[1] - 1),
    place: wholeIn(values.place, 0, MOST_PLACES - 1),
  });
}

/** Whether they can be carried out the replay finds out. */
function swapsIn(value: unknown): Swap[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_SWAPS) return undefined;
  const pairs = value.map((pair: unknown): Swap | undefined => {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [rank, place] = [wholeIn(pair[0], 0, RANKS[1] - 1), wholeIn(pair[1], 0, MOST_PLACES - 1)];
    return rank === undefined || place === undefined ? undefined : [rank, place];
  });
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}
