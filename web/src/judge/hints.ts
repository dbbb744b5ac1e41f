// What would mend a wrong answer to any exercise: the twin of src/llmbook/exercises/hints.py, of what can be typed.

import { allowed, numberDifference, sameShape } from "./comparing";
import type { Exercise } from "./exercise";
import { hintOfShape } from "./hints_of_shape";
import { each, flipped, isFloating, type Numbers, permuted } from "./numbers";
import { roundEven, withCommas } from "./python_text";
import { asNumbers, isParts, type Typed } from "./typed";

type Change = (numbers: Numbers) => Numbers | null; // null for numbers that do not allow it
type Hint = [change: Change, says: string];

const SMALL = 1e-3; // where all numbers are so small, almost nothing is 100 times as much
const POWERS = [3, 6, 9]; // of ten, besides that of percent

/** Whole numbers that are divided become short floating ones, as in torch. */
const divided = (numbers: Numbers, by: number): Numbers =>
  isFloating(numbers)
    ? each(numbers, (x) => x / by)
    : each(numbers, (x) => Math.fround(Math.fround(x) / by), "float32");
const multiplied = (numbers: Numbers, by: number): Numbers =>
  each(numbers, (x) => x * by, isFloating(numbers) ? numbers.type : "int64");
const shifted = (numbers: Numbers, by: number): Numbers =>
  isFloating(numbers) ? numbers : each(numbers, (x) => x + by, "int64");

function transposed(numbers: Numbers): Numbers {
  const axes = numbers.shape.map((_, axis) => axis);
  return axes.length > 1 ? permuted(numbers, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]) : numbers;
}

const NUMBERS: Hint[] = [
  [(x) => divided(x, 100), "this is 100 times too large: is it in percent, where a share is asked for?"],
  [(x) => multiplied(x, 100), "this is 100 times too small: is it a share, where percent are asked for?"],
  [(x) => (x.type === "bool" ? null : each(x, (number) => -number)), "the sign is turned round."],
  ...POWERS.map(
    (p): Hint => [(x) => divided(x, 10 ** p), `this is ${withCommas(10 ** p)} times too large: look at the unit.`],
  ),
  ...POWERS.map(
    (p): Hint => [(x) => multiplied(x, 10 ** p), `this is ${withCommas(10 ** p)} times too small: look at the unit.`],
  ),
];
const TENSORS: Hint[] = [
  [(x) => (x.type === "bool" ? each(x, (truth) => 1 - truth) : x), "True and False are the wrong way round."],
  [transposed, "this is transposed: swap the last two axes."],
  [flipped, "the numbers stand in reversed order."],
  [(x) => (x.type === "bool" ? null : shifted(x, -1)), "every number is one too large: Python counts from 0."],
  [(x) => shifted(x, 1), "every number is one too small."],
];

/** What the answer lacks, if it is one of these; null where nothing fits. */
export function hintOfNumbers(answer: Typed, expected: Numbers, exercise: Exercise): string | null {
  const numbers = asNumbers(answer);
  if (!numbers) return null;
  if (expected.shape.length === 0 && numbers.flat.length > 1) {
    const commas = isParts(answer) && answer.tuple ? "; Python writes 1_000_000 and 0.5, without commas" : "";
    return `these are ${numbers.flat.length} numbers, and one is asked for${commas}.`;
  }
  const agrees = (changed: Numbers | null) =>
    changed !== null && numberDifference(changed, expected, exercise) === null;
  const scales = Math.max(...expected.flat.map(Math.abs)) > SMALL ? NUMBERS : [];
  for (const [change, says] of [...scales, ...(expected.shape.length > 0 ? TENSORS : [])]) {
    if (agrees(change(numbers))) return says;
  }
  if (!sameShape(numbers, expected)) return hintOfShape(numbers, expected, exercise);
  return hintOfSorting(numbers, expected, exercise) ?? hintOfRounding(numbers, expected, exercise);
}

const sorted = (numbers: Numbers): Numbers => ({
  ...numbers,
  flat: Array.from(Float64Array.from(numbers.flat).sort()),
});

function hintOfSorting(numbers: Numbers, expected: Numbers, exercise: Exercise): string | null {
  if (numbers.shape.length !== 1 || expected.type === "bool") return null;
  const inOrder = numberDifference(sorted(numbers), sorted(expected), exercise) === null;
  return inOrder ? "the numbers are right, but stand in another order." : null;
}

/** Close to it, but rounded where that is not asked for, or not to as many digits as are. */
function hintOfRounding(numbers: Numbers, expected: Numbers, exercise: Exercise): string | null {
  const every = (holds: (x: number, right: number) => boolean) =>
    numbers.flat.every((x, i) => holds(x, expected.flat[i] ?? 0));
  if (!isFloating(expected)) {
    const near = every((x, right) => Math.abs(right) >= 1000 && Math.abs(x - right) <= 0.01 * Math.abs(right));
    return near ? "close, but the exact number is asked for." : null;
  }
  if (exercise.digits === undefined && exercise.decimals === undefined) {
    const whole = every((x, right) => x === roundEven(x) && Math.abs(x - right) < 1 && Math.abs(right) >= 2);
    return whole ? "this is rounded: return the number with its digits." : null;
  }
  return hintOfDigits(numbers, expected, exercise);
}

/** Cut off where it should be rounded, or rounded to one digit fewer than is asked for. */
function hintOfDigits(numbers: Numbers, expected: Numbers, exercise: Exercise): string | null {
  const places = exercise.digits || exercise.decimals || 0;
  const tolerance = allowed(expected, exercise);
  const close = numbers.flat.every((x, i) => {
    const right = expected.flat[i] ?? 0;
    const most = tolerance[i] ?? 0;
    const coarse = 20 * most; // a unit of one digit fewer
    const tooShort = x !== 0 && Math.abs(x / coarse - roundEven(right / coarse)) < 1e-3;
    return Math.abs(x - right) <= 2 * most || tooShort;
  });
  const afterPoint = exercise.digits === undefined ? " after the point" : "";
  return close ? `close: give ${places} digit${places > 1 ? "s" : ""}${afterPoint}, rounded.` : null;
}
