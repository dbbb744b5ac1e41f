// The synchronised traits, as the Python class llmbook.pages.widgets.PipelineReplay declares them.

import type { Run } from "../../core/pipeline_runs";
import type { Schedule, Swap } from "../../core/pipelines";
import type { WidgetModel } from "../host";

export const EQUAL = "equal";
export const RANKS = [2, 6] as const;
export const MICROS = [1, 16] as const;
export const MOST_SWAPS = 100;
export const MOST_PLACES = 64;

export interface Source {
  runs: Record<string, Run>;
  /** Of the measurement. */
  day: string;
  cores: number;
}

/** What the reader sets. */
export interface State {
  schedule: Schedule;
  ranks: number;
  micros: number;
  /** Whose lengths actions have: a measured run's, or all equal. */
  run: string;
  swaps: readonly Swap[];
  /** The chosen action. */
  rank: number;
  place: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type ReplayModel = WidgetModel<Traits>;

export function readState(model: ReplayModel): State {
  return {
    schedule: model.get("schedule"),
    ranks: model.get("ranks"),
    micros: model.get("micros"),
    run: model.get("run"),
    swaps: model.get("swaps"),
    rank: model.get("rank"),
    place: model.get("place"),
  };
}
