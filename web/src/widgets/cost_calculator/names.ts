// How numbers are written: as llmbook.pages.widgets.costed writes them.

import type { Name } from "../../core/costs";
import { WHOLE } from "./state";

const SIZES: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
  [1e-9, "n"],
];
const COUNTS: [number, string][] = [
  [1e12, " trillion"],
  [1e9, " billion"],
  [1e6, " million"],
  [1e3, " thousand"],
  [1, ""],
];
const TIMES: [number, string][] = [
  [365.25 * 86400, "years"],
  [86400, "days"],
  [3600, "hours"],
  [60, "minutes"],
];

const fitting = (x: number, units: [number, string][]): [number, string] | undefined =>
  units.find(([size]) => x >= 0.9995 * size);

/** Three digits, without an exponent where that is short. */
export function three(x: number): string {
  if (x >= 100 && x < 1e4) return x.toFixed(0);
  return String(Number(x.toPrecision(3)));
}

/** With a prefix: 538 MB. */
export function quantity(x: number, unit: string): string {
  const [size, prefix] = fitting(x, SIZES) ?? [1e-9, "n"];
  return `${three(x / size)} ${prefix}${unit}`;
}

/** In words: 14.8 trillion. */
export function counted(x: number): string {
  if (x >= 1e15) {
    const power = Math.floor(Math.log10(x));
    return `${(x / 10 ** power).toFixed(2)}e${power}`;
  }
  const [size, word] = fitting(x, COUNTS) ?? [1, ""];
  return `${three(x / size)}${word}`;
}

/** In the largest unit that fits. */
export function lasting(seconds: number): string {
  const found = fitting(seconds, TIMES);
  return found ? `${counted(seconds / found[0])} ${found[1]}` : quantity(seconds, "s");
}

export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

/** A number of Python's; what is counted is no float there. */
export function literal(name: Name, x: number): string {
  const [plain, short] = [String(x), x.toExponential().replace("e+", "e")];
  return short.length < plain.length && !WHOLE.includes(name) ? short : plain;
}
