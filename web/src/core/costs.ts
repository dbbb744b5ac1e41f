// What a model costs: operations, memory, time, energy and money. The twin in Python is llmbook.economics, put together
// in llmbook.pages.widgets.costed; the tests compare them.

/** In the order in which they are set. */
export const NAMES = [
  "total",
  "active",
  "shared",
  "bits",
  "cache",
  "trained",
  "batch",
  "read",
  "written",
  "devices",
  "operations",
  "bandwidth",
  "watts",
  "room",
  "used",
  "reached",
  "rent",
  "price",
  "machine",
  "months",
  "electricity",
] as const;
export type Name = (typeof NAMES)[number];
export type Numbers = Record<Name, number>;

export interface Costs {
  /** Of the training. */
  operations: number;
  hours: number;
  days: number;
  kilowatt_hours: number;
  dollars: number;
  /** Bytes. */
  weights: number;
  caches: number;
  room: number;
  /** Bytes of weights that a step of writing fetches, its seconds, and those of its arithmetic. */
  fetched: number;
  step: number;
  arithmetic: number;
  /** Tokens a second of all texts, written at the bound and at the share that is reached, and read. */
  most: number;
  rate: number;
  reading: number;
  /** Of an answer. */
  seconds: number;
  joules: number;
  answer: number;
  million_read: number;
  million_written: number;
  /** Tokens a month from which on an own machine is cheaper; infinite where it never is. */
  needed: number;
}

const SECONDS_PER_MONTH = (365.25 / 12) * 24 * 3600;
const JOULES_PER_KILOWATT_HOUR = 3.6e6;

/** How many parameters a step fetches, if the texts choose evenly and apart what not every token needs. */
export function fetchedParameters({ total, active, shared, batch }: Numbers): number {
  if (active === total) return total;
  const others = total - shared;
  return shared + others * (1 - (1 - (active - shared) / others) ** batch);
}

/** The least time of a step, which writes a token for each text. */
export function decodeSeconds(of: Numbers, weightBytes: number, cacheBytes: number): number {
  const moving = (weightBytes + of.batch * cacheBytes) / (of.devices * of.bandwidth);
  return Math.max(moving, prefillSeconds(of, of.batch));
}

/** The least time to read so many tokens. */
export function prefillSeconds(of: Numbers, tokens: number): number {
  return (2 * of.active * tokens) / (of.devices * of.operations);
}

const perMillion = (of: Numbers, rate: number): number => ((of.devices * of.rent) / (3600 * rate)) * 1e6;

/** Tokens a month from which on the machine is cheaper than the price. */
export function breakEven(of: Numbers, rate: number): number {
  const kilowattHours = (of.devices * of.watts) / rate / JOULES_PER_KILOWATT_HOUR; // a token
  const saved = of.price / 1e6 - kilowattHours * of.electricity;
  const tokens = saved > 0 ? (of.devices * of.machine) / of.months / saved : Infinity;
  return tokens <= rate * SECONDS_PER_MONTH ? tokens : Infinity;
}

function training(of: Numbers): Pick<Costs, "operations" | "hours" | "days" | "kilowatt_hours" | "dollars"> {
  const operations = 6 * of.active * of.trained;
  const hours = operations / (3600 * of.operations * of.used);
  const kilowattHours = (hours * of.watts) / 1000;
  return {
    operations,
    hours,
    days: hours / of.devices / 24,
    kilowatt_hours: kilowattHours,
    dollars: hours * of.rent,
  };
}

/** All of it; of more active parameters than there are, all are; of more shared than active, these. */
export function costsOf(numbers: Numbers): Costs {
  const active = Math.min(numbers.active, numbers.total);
  const of = { ...numbers, active, shared: Math.min(numbers.shared, active) };
  const text = of.cache * (of.read + of.written);
  const fetched = (fetchedParameters(of) * of.bits) / 8;
  const step = decodeSeconds(of, fetched, text);
  const most = of.batch / step;
  const rate = of.reached * most;
  const reading = of.reached / prefillSeconds(of, 1);
  const [millionRead, millionWritten] = [perMillion(of, reading), perMillion(of, rate)];
  return {
    ...training(of),
    weights: (of.total * of.bits) / 8,
    caches: of.batch * text,
    room: of.devices * of.room,
    fetched,
    step,
    arithmetic: prefillSeconds(of, of.batch),
    most,
    rate,
    reading,
    seconds: of.read / reading + (of.written * step) / of.reached,
    joules: of.devices * of.watts * (of.read / reading + of.written / rate),
    answer: (of.read * millionRead + of.written * millionWritten) / 1e6,
    million_read: millionRead,
    million_written: millionWritten,
    needed: breakEven(of, rate),
  };
}

export const hasRoom = ({ weights, caches, room }: Costs): boolean => weights + caches <= room;

/** Whether a step waits for its arithmetic, and not for memory. */
export const isBoundByArithmetic = ({ step, arithmetic }: Costs): boolean => arithmetic >= step;
