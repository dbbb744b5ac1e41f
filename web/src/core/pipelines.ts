// Schedules of a pipeline and what they cost: llmbook.distributed.schedules again, and the moves of single actions.

export type Kind = "F" | "B";

export interface Action {
  kind: Kind;
  stage: number;
  micro: number;
}

export interface Span extends Action {
  start: number;
  end: number;
}

/** A row for each rank. */
export type Orders = readonly (readonly Action[])[];
export type Trace = readonly (readonly Span[])[];
export type LengthOf = (action: Action) => number;

/** Who waits with what, and for what. */
interface Waiting {
  rank: number;
  action: Action;
  missing: Action;
}

export const SCHEDULES = ["gpipe", "1f1b", "interleaved"] as const;
export type Schedule = (typeof SCHEDULES)[number];
/** Stages of a rank, interleaved. */
export const PARTS = 2;

export const partsOf = (schedule: Schedule): number => (schedule === "interleaved" ? PARTS : 1);

/** The largest number of micro-batches up to m that the schedule can have; the least it has where m is smaller. */
export const fittingMicros = (schedule: Schedule, p: number, m: number): number =>
  schedule === "interleaved" ? Math.max(p, m - (m % p)) : m;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const action = (kind: Kind, stage: number, micro: number): Action => ({ kind, stage, micro });

export function scheduleOf(schedule: Schedule, p: number, m: number): Orders {
  if (schedule === "interleaved") return interleaved(p, m, PARTS);
  return range(p).map((rank) => {
    const [forwards, backwards] = [
      range(m).map((i) => action("F", rank, i)),
      range(m).map((i) => action("B", rank, i)),
    ];
    if (schedule === "gpipe") return [...forwards, ...backwards.reverse()];
    return alternate(forwards, backwards, p - 1 - rank);
  });
}

/** 1F1B with v stages a rank: micro-batches go through a rank's first stage p at a time, then through its next. */
function interleaved(p: number, m: number, v: number): Orders {
  const turns = range(m / p).flatMap((group) =>
    range(v).flatMap((part) => range(p).map((i) => [group * p + i, part] as const)),
  );
  return range(p).map((rank) => {
    const forwards = turns.map(([i, part]) => action("F", part * p + rank, i));
    const backwards = turns.map(([i, part]) => action("B", (v - 1 - part) * p + rank, i));
    return alternate(forwards, backwards, (v - 1) * p + 2 * (p - 1 - rank));
  });
}

/** So many forwards first, then a forward and a backward in turn, then the backwards that are left. */
function alternate(forwards: Action[], backwards: Action[], wanted: number): Action[] {
  const ahead = Math.min(wanted, forwards.length);
  const pairs = forwards.slice(ahead).flatMap((forward, i) => [forward, backwards[i] ?? forward]);
  return [...forwards.slice(0, ahead), ...pairs, ...backwards.slice(forwards.length - ahead)];
}

/** How many stages there are. */
export const countStages = (orders: Orders): number => 1 + Math.max(...orders.flat().map(({ stage }) => stage));

/** What has to be done before, with n stages. */
export function awaited({ kind, stage, micro }: Action, n: number): Action[] {
  if (kind === "F") return stage ? [action("F", stage - 1, micro)] : [];
  const own = action("F", stage, micro);
  return stage + 1 < n ? [own, action("B", stage + 1, micro)] : [own];
}

export const keyOf = ({ kind, stage, micro }: Action, n: number): number =>
  2 * (micro * n + stage) + (kind === "B" ? 1 : 0);

/** When each action begins and ends, if messages take no time; who waits for ever, where somebody does. */
export function replay(orders: Orders, lengthOf: LengthOf): { trace: Trace; stuck: Waiting[] } {
  const n = countStages(orders);
  const ends = new Map<number, number>();
  const trace: Span[][] = orders.map(() => []);
  for (;;) {
    const before = ends.size;
    const stuck: Waiting[] = [];
    for (const [rank, row] of orders.entries()) {
      const waiting = goOn(row, trace[rank] ?? [], { n, ends, lengthOf });
      if (waiting) stuck.push({ rank, ...waiting });
    }
    if (stuck.length === 0 || ends.size === before) return { trace, stuck };
  }
}

interface Going {
  n: number;
  ends: Map<number, number>;
  lengthOf: LengthOf;
}

/** Let a rank do what it can; returns what it waits for, if anything. */
function goOn(row: readonly Action[], spans: Span[], { n, ends, lengthOf }: Going): Omit<Waiting, "rank"> | null {
  for (const next of row.slice(spans.length)) {
    let start = spans.at(-1)?.end ?? 0;
    for (const need of awaited(next, n)) {
      const end = ends.get(keyOf(need, n));
      if (end === undefined) return { action: next, missing: need };
      start = Math.max(start, end);
    }
    const span = { ...next, start, end: start + lengthOf(next) };
    spans.push(span);
    ends.set(keyOf(next, n), span.end);
  }
  return null;
}

/** From the first start to the last end. */
export function endOf(trace: Trace): number {
  const spans = trace.flat();
  return Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ start }) => start));
}

const busyOf = (row: readonly Span[]): number => row.reduce((sum, { start, end }) => sum + end - start, 0);

/** The share of all ranks' time in which they did nothing. */
export function bubble(trace: Trace): number {
  return 1 - trace.reduce((sum, row) => sum + busyOf(row), 0) / (trace.length * endOf(trace));
}

/** The same of each rank. */
export function idleOf(trace: Trace): number[] {
  const whole = endOf(trace);
  return trace.map((row) => 1 - busyOf(row) / whole);
}

/** Of how many forwards a rank keeps activations at most, because their backwards are still to come. */
export function mostHeld(row: readonly Action[]): number {
  let [kept, most] = [0, 0];
  for (const { kind } of row) {
    kept += kind === "F" ? 1 : -1;
    most = Math.max(most, kept);
  }
  return most;
}

/** F3, and its stage where a rank has several. */
export const nameOf = ({ kind, stage, micro }: Action, several: boolean): string =>
  `${kind}${micro}${several ? ` of stage ${stage}` : ""}`;

/** Why the action at this place cannot change places with the next one; empty where it can. */
export function refusal(orders: Orders, rank: number, place: number): string {
  const n = countStages(orders);
  const several = n > orders.length;
  const [first, second] = [orders[rank]?.[place], orders[rank]?.[place + 1]];
  if (!first || !second) return "There is nothing to change places with.";
  if (awaited(second, n).some((need) => keyOf(need, n) === keyOf(first, n))) {
    return `${nameOf(second, several)} needs what ${nameOf(first, several)} kept here, and cannot come before it.`;
  }
  const { stuck } = replay(exchanged(orders, rank, place), () => 1);
  const told = stuck.map(
    (one) => `rank ${one.rank} waits with ${nameOf(one.action, true)} for ${nameOf(one.missing, true)}`,
  );
  return told.length ? `Then nobody can go on: ${told.join("; ")}.` : "";
}

/** The rows, in one of which two neighbours have changed places. */
export function exchanged(orders: Orders, rank: number, place: number): Orders {
  return orders.map((row, number) => {
    const [first, second] = [row[place], row[place + 1]];
    if (number !== rank || !first || !second) return row;
    return [...row.slice(0, place), second, first, ...row.slice(place + 2)];
  });
}

export type Swap = readonly [rank: number, place: number];

/** After all of these changes; null where one of them cannot be. */
export function rearranged(orders: Orders, swaps: readonly Swap[]): Orders | null {
  let now = orders;
  for (const [rank, place] of swaps) {
    if (refusal(now, rank, place)) return null;
    now = exchanged(now, rank, place);
  }
  return now;
}
