// What of an address is a state.

import { NORMS } from "../../core/grids";
import { defined, oneOf, wholeIn } from "../../play/link";
import { FEWEST_BITS, GRIDS, GROUPS, MOST_BITS, type State } from "./state";

const FARTHEST = 2 ** 14 - 1; // what a slice has not is no matter: see the laboratory

export function fromLink(values: Record<string, unknown>): Partial<State> {
  const { slice } = values;
  return defined<State>({
    slice: typeof slice === "string" ? slice : undefined,
    bits: wholeIn(values.bits, FEWEST_BITS, MOST_BITS),
    group: oneOf(values.group, GROUPS),
    grid: oneOf(values.grid, GRIDS),
    norm: oneOf(values.norm, NORMS),
    row: wholeIn(values.row, 0, FARTHEST),
    column: wholeIn(values.column, 0, FARTHEST),
  });
}
