// The state as the Python call that makes it.

import type { Swap } from "../../core/pipelines";
import { pythonList, pythonLiteral } from "../../core/python";
import type { PipelineReplay } from "./lab";

export const pythonPairs = (swaps: readonly Swap[]): string => pythonList(swaps);

export function asCode({ state }: PipelineReplay): string {
  const { schedule, ranks, micros, run, swaps, rank, place } = state;
  const first = `schedule=${pythonLiteral(schedule)}, ranks=${ranks}, micros=${micros}, run=${pythonLiteral(run)}`;
  const call = `PipelineReplay(${first}, swaps=${pythonPairs(swaps)}, rank=${rank}, place=${place})`;
  return `from llmbook.pages import PipelineReplay\n\nlab = ${call}\nlab.whole, lab.bubble, lab.held`;
}
