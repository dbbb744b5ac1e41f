// The state as the Python call that makes it.

import { pythonLiteral } from "../../core/python";
import type { QuantLab } from "./lab";

/** In the order in which they are set. */
const NAMES = ["slice", "bits", "group", "grid", "norm", "row", "column"] as const;
const OWN = "own";

export function asCode({ state }: QuantLab): string {
  const isOwn = state.slice === OWN;
  const settings = NAMES.filter((name) => !(isOwn && name === "slice")).map((name) => {
    return `${name}=${pythonLiteral(state[name])}`;
  });
  const given = isOwn ? ["w", ...settings] : settings; // the reader's own matrix
  const call = `QuantLab(${given.join(", ")})`;
  return `from llmbook.pages import QuantLab\n\nlab = ${call}\nlab.errors, lab.ranking, lab.number`;
}
