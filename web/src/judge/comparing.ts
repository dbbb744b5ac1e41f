// How an answer is compared with what it should be: the twin of src/llmbook/exercises/comparing.py, of what can be typed.

import type { Exercise, Known } from "./exercise";
import { isFloating, type Numbers, placeOf } from "./numbers";
import { casefold, general, shown, split, withCommas } from "./python_text";
import { asNumbers, isParts, type Typed } from "./typed";

const COMPUTED = 1e-4; // what numbers that are computed may be off
const ROUNDED = 0.50001; // units of the last digit a number typed by hand may be off
const YES: Record<string, boolean> = { yes: true, y: true, true: true, no: false, n: false, false: false };
const AROUND = " \\t\\n.,;:!?\"'`“”„‘’«»()\\[\\]";
const BARE = new RegExp(`^[${AROUND}]+|[${AROUND}]+$`, "gu");
const FIRST_WORD = /^[^\p{L}\p{N}_]*([\p{L}\p{N}_]+)/u;
const NO_LETTER = /[^\p{L}\p{N}_]/gu;

/** In words, the first thing that differs, without telling the answer; null where nothing does. */
export function difference(answer: Typed, expected: Known, exercise: Exercise): string | null {
  if (typeof expected === "object") {
    const numbers = asNumbers(answer);
    if (!numbers) return `the answer should be made of numbers, and this is ${kind(answer)}.`;
    return numberDifference(numbers, expected, exercise);
  }
  const text = typeof answer === "string" ? answer : "";
  const asksForTruth = typeof expected === "boolean" || expected === "yes" || expected === "no";
  return asksForTruth ? truthDifference(text, expected) : wordDifference(text, expected);
}

const kind = (answer: Typed): string => (isParts(answer) ? "parts of several shapes" : "a text");

// --- yes or no, and words --------------------------------------------------------------------------------------

function truthDifference(answer: string, expected: string | boolean): string | null {
  const said = truth(answer);
  const ask = typeof expected === "boolean" ? "True or False" : "“yes” or “no”";
  if (said === undefined) return `the answer is ${ask}, and this is ${shown(answer)}.`;
  return said === truth(String(expected)) ? null : `${shown(answer)} is not it.`;
}

function truth(text: string): boolean | undefined {
  const word = casefold(FIRST_WORD.exec(text)?.[1] ?? "");
  return Object.hasOwn(YES, word) ? YES[word] : undefined;
}

function wordDifference(answer: string, expected: string): string | null {
  const word = bare(answer);
  if (word === bare(expected)) return null;
  if (split(word).includes(bare(expected))) return "answer with one word.";
  if (word.replace(NO_LETTER, "") === bare(expected)) return "the letters are right: write them together, as one word.";
  return `${shown(answer)} is not it.`;
}

const bare = (word: string): string => casefold(word.replace(BARE, ""));

// --- numbers ---------------------------------------------------------------------------------------------------

const shapeText = (shape: number[]): string => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

export const shapes = (given: Numbers, expected: Numbers): string =>
  `the shape is ${shapeText(given.shape)}, and should be ${shapeText(expected.shape)}.`;

export const sameShape = (given: Numbers, expected: Numbers): boolean =>
  given.shape.length === expected.shape.length && given.shape.every((side, axis) => side === expected.shape[axis]);

/** The same for numbers. */
export function numberDifference(given: Numbers, expected: Numbers, exercise: Exercise): string | null {
  const inBrackets = expected.shape.length === 0 && given.flat.length === 1;
  const isMatrix =
    given.shape.length === 2 && Math.min(...given.shape) > 1 && given.flat.length === expected.flat.length;
  const inRows = (exercise.digits ?? exercise.decimals) !== undefined && expected.shape.length === 1 && isMatrix;
  const numbers = inBrackets || inRows ? { ...given, shape: expected.shape } : given;
  if (!sameShape(numbers, expected)) return shapes(numbers, expected);
  if (expected.type === "bool" && numbers.type !== "bool")
    return `the answer should be True and False (torch.bool), and is torch.${numbers.type}.`;
  return entryDifference(numbers, expected, allowed(expected, exercise));
}

function entryDifference({ shape, flat }: Numbers, expected: Numbers, tolerance: number[]): string | null {
  if (flat.some(Number.isNaN) && !expected.flat.some(Number.isNaN))
    return "there is a NaN in it: look for 0/0, for log 0, or for a row that may look nowhere.";
  const differs = flat.flatMap((x, i) => (isSame(x, expected.flat[i] ?? 0, tolerance[i] ?? 0) ? [] : [i]));
  const [first] = differs;
  if (first === undefined) return null;
  const number = written(flat[first] ?? 0);
  if (shape.length === 0) return `it is not ${number}.`;
  const place = placeOf(first, shape).join(", ");
  return `${differs.length} of ${flat.length} numbers differ; the first is ${number} at [${place}].`;
}

function isSame(x: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(x) && Number.isNaN(expected)) return true;
  if (x === expected) return true;
  return Number.isFinite(expected) && Math.abs(x - expected) <= tolerance; // of infinity nothing is near but itself
}

/** A number as one would write it. */
const written = (x: number): string => (Number.isInteger(x) && Math.abs(x) < 1e15 ? withCommas(x) : general(x));

/** How far apart the numbers of two answers are, all together; 0 for words. */
export function distance(answer: Typed, other: Known): number {
  const numbers = asNumbers(answer);
  if (!numbers || typeof other !== "object" || numbers.flat.length !== other.flat.length) return 0;
  return numbers.flat.reduce((sum, x, i) => sum + Math.abs(x - (other.flat[i] ?? 0)), 0);
}

/** How far off each number may be: half a unit of the last digit that is asked for. */
export function allowed(expected: Numbers, { digits, decimals }: Exercise): number[] {
  return expected.flat.map((x) => {
    const size = Math.abs(x);
    if (!isFloating(expected)) return Math.min(1e-6 + 1e-7 * size, 0.4);
    if (decimals !== undefined) return ROUNDED * 10 ** -decimals;
    if (digits === undefined) return COMPUTED + COMPUTED * size;
    return ROUNDED * 10 ** (Math.floor(Math.log10(Math.max(size, 1e-12))) + 1 - digits);
  });
}
