// How fast one thread of this browser reads memory and computes, measured in slices: each step is short, so that a page
// that measures itself stays alive. Other programs only make it slower, so that the faster half of the tries counts.

export interface Measured {
  /** Bytes a second. */
  bandwidth: number;
  /** Operations a second. */
  operations: number;
}

const FLOATS = 2 ** 25; // 128 MiB, more than caches hold
const LINE = 16; // floats: memory hands over 64 bytes at once
const PIECE = 2 ** 18; // floats of a turn: 1 MiB
const ROUNDS = 2 ** 17; // of a turn of arithmetic
const OPERATIONS = 16; // of a round: eight products, eight sums
const LONG_ENOUGH_MS = 12; // for a clock of a millisecond; less than what a reader would notice
const TRIES = 16;

/** Kept, so that no compiler leaves out what nobody reads. */
let kept = 0;

/** Every sixteenth number of a piece, added up in eight sums: all its bytes come from memory. */
export function sumOf(x: Float32Array, from: number, to: number): number {
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i += 8 * LINE) {
    a += x[i]!;
    b += x[i + LINE]!;
    c += x[i + 2 * LINE]!;
    d += x[i + 3 * LINE]!;
    e += x[i + 4 * LINE]!;
    f += x[i + 5 * LINE]!;
    g += x[i + 6 * LINE]!;
    h += x[i + 7 * LINE]!;
  }
  return a + b + c + d + e + f + g + h;
}

/** Eight numbers, each multiplied and added to, so often; none waits for another. */
export function multiplied(rounds: number, by: number, plus: number): number {
  let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let i = 0; i < rounds; i++) {
    a = a * by + plus;
    b = b * by + plus;
    c = c * by + plus;
    d = d * by + plus;
    e = e * by + plus;
    f = f * by + plus;
    g = g * by + plus;
    h = h * by + plus;
  }
  return a + b + c + d + e + f + g + h;
}

/** Seconds of one turn: turns are taken together until a step is long enough for the clock. */
function* secondsOf(turn: () => number): Generator<undefined, number> {
  const step = (count: number): number => {
    const began = performance.now();
    for (let i = 0; i < count; i++) kept += turn();
    return performance.now() - began;
  };
  let turns = 1;
  while (step(turns) < LONG_ENOUGH_MS) {
    turns *= 2;
    yield;
  }
  const times: number[] = [];
  while (times.length < TRIES) {
    yield;
    times.push(step(turns));
  }
  const faster = times.sort((one, other) => one - other).slice(0, TRIES / 2);
  return faster.reduce((sum, time) => sum + time, 0) / faster.length / turns / 1000;
}

/** Each part says what is measured next. */
export function* measure(): Generator<string | undefined, Measured> {
  yield "filling 128 MiB of memory";
  const x = new Float32Array(FLOATS);
  for (let at = 0; at < FLOATS; at += PIECE) {
    x.fill(1, at, at + PIECE);
    yield;
  }
  yield "reading it";
  let at = 0;
  const piece = (): number => {
    at = (at + PIECE) % FLOATS;
    return sumOf(x, at, at + PIECE);
  };
  const bandwidth = (4 * PIECE) / (yield* secondsOf(piece));
  yield "multiplying and adding";
  const by = 1 + 1e-9 * (kept % 2); // not known before
  const operations = (OPERATIONS * ROUNDS) / (yield* secondsOf(() => multiplied(ROUNDS, by, 1e-9)));
  return { bandwidth, operations };
}

/** Tokens a second that memory allows: each needs all bytes of the weights once. */
export const writtenBy = (bandwidth: number, parameters: number, bits: number): number =>
  bandwidth / ((parameters * bits) / 8);

/** Tokens a second that the arithmetic allows. */
export const computedBy = (operations: number, parameters: number): number => operations / (2 * parameters);
