// How schedules, lengths and numbers are called.

import { fixed } from "../../core/format";
import { nameOf, type Schedule, type Span } from "../../core/pipelines";
import type { Reading, Setting } from "./replaying";
import { EQUAL } from "./state";

export const TITLES: Record<Schedule, string> = {
  gpipe: "GPipe",
  "1f1b": "1F1B",
  interleaved: "interleaved 1F1B",
};

export const percent = (share: number): string => `${fixed(100 * share)} %`;

/** A time with at most two decimals. */
export const time = (value: number): string => String(Number(value.toFixed(2)));

export const unitOf = (run: string): string => (run === EQUAL ? "ticks" : "ms");

export const timeOf = (value: number, run: string): string => {
  const text = time(value);
  return `${text} ${run === EQUAL && text === "1" ? "tick" : unitOf(run)}`;
};

/** So many of them: micro-batches, moves, forwards. */
export function counted(n: number, one: string): string {
  if (n === 1) return `1 ${one}`;
  return `${n} ${one}${one.endsWith("ch") ? "es" : "s"}`;
}

export const settingName = ({ schedule, ranks, micros }: Setting): string =>
  `${TITLES[schedule]}, ${ranks} ranks, ${counted(micros, "micro-batch")}`;

export const actionName = (span: Span, { v }: Reading): string => nameOf(span, v > 1);

/** What a run is called among the lengths of actions. */
export function runName(run: string): string {
  return run === EQUAL ? "equal: F 1, B 2" : `measured: ${run}`;
}
