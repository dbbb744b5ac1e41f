// What the state makes of a schedule: rows, times, bubble and memory.

import { lengthsOf, meanForward, type Run, traceOf } from "../../core/pipeline_runs";
import {
  type Action,
  awaited,
  bubble,
  countStages,
  endOf,
  fittingMicros,
  idleOf,
  type LengthOf,
  mostHeld,
  type Orders,
  partsOf,
  rearranged,
  replay,
  type Schedule,
  type Span,
  scheduleOf,
  type Trace,
} from "../../core/pipelines";
import { EQUAL, type Source, type State } from "./state";

/** One timetable, counted. */
export interface Counted {
  trace: Trace;
  whole: number;
  bubble: number;
  idle: number[];
  held: number[];
}

export interface Reading {
  state: State;
  p: number;
  m: number;
  v: number;
  orders: Orders;
  lengthOf: LengthOf;
  /** In the order that is set. */
  now: Counted;
  /** In the schedule's own order, where the reader has moved something. */
  base: Counted | null;
  /** As the processes were measured, where lengths are theirs. */
  measured: Counted | null;
  formula: number;
  /** Of all forwards of a rank's stages: the unit in which pictures are drawn. */
  unit: number;
}

/** What a question is about. */
export interface Setting {
  schedule: Schedule;
  ranks: number;
  micros: number;
}

export function read(source: Source, wanted: State): Reading {
  const run = (Object.hasOwn(source.runs, wanted.run) && source.runs[wanted.run]) || null;
  const p = run?.p ?? wanted.ranks;
  const m = fittingMicros(wanted.schedule, p, wanted.micros);
  const v = partsOf(wanted.schedule);
  const own = scheduleOf(wanted.schedule, p, m);
  const moved = wanted.swaps.length ? rearranged(own, wanted.swaps) : null;
  const orders = moved ?? own;
  const lengthOf = lengthsOf(run, p, v);
  const rank = Math.min(wanted.rank, p - 1);
  const place = Math.min(wanted.place, 2 * m * v - 1);
  const swaps = moved ? wanted.swaps : [];
  return {
    state: { ...wanted, run: run ? wanted.run : EQUAL, ranks: p, micros: m, swaps, rank, place },
    p,
    m,
    v,
    orders,
    lengthOf,
    now: counted(replay(orders, lengthOf).trace),
    base: moved ? counted(replay(own, lengthOf).trace) : null,
    measured: run ? countedRun(run) : null,
    formula: formulaOf(wanted.schedule, p, m),
    unit: meanForward(orders, lengthOf),
  };
}

export const formulaOf = (schedule: Schedule, p: number, m: number): number =>
  (p - 1) / (partsOf(schedule) * m + p - 1);

const countedRuns = new WeakMap<Run, Counted>();

/** Counted once. */
function countedRun(run: Run): Counted {
  const known = countedRuns.get(run) ?? counted(traceOf(run));
  countedRuns.set(run, known);
  return known;
}

function counted(trace: Trace): Counted {
  return { trace, whole: endOf(trace), bubble: bubble(trace), idle: idleOf(trace), held: trace.map(mostHeld) };
}

/** The bubble of equal stages, and the micro-batches' worth of activations that the rank with most of them keeps. */
export function measuresOf({ schedule, ranks, micros }: Setting): { bubble: number; held: number } {
  const m = fittingMicros(schedule, ranks, micros);
  const v = partsOf(schedule);
  const { trace } = replay(scheduleOf(schedule, ranks, m), lengthsOf(null, ranks, v));
  return { bubble: bubble(trace), held: Math.max(...trace.map(mostHeld)) / v };
}

/** The chosen action, when it runs, when its rank was free, and what it had to wait for. */
export interface Chosen {
  span: Span;
  free: number;
  /** Each with its rank and its end. */
  needs: (Span & { rank: number })[];
}

export function chosenOf({ state: { rank, place }, now: { trace }, orders }: Reading): Chosen {
  const row = trace[rank] ?? [];
  const span = row[place];
  if (!span) throw new Error("there is no such action");
  const needs = awaited(span, countStages(orders)).flatMap((need) => spanOf(trace, need));
  return { span, free: row[place - 1]?.end ?? 0, needs };
}

function spanOf(trace: Trace, { kind, stage, micro }: Action): (Span & { rank: number })[] {
  const rank = stage % trace.length;
  const found = trace[rank]?.find((one) => one.kind === kind && one.stage === stage && one.micro === micro);
  return found ? [{ ...found, rank }] : [];
}
