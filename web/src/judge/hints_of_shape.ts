// The numbers are right, or one axis of them is, and the shape is not.

import { numberDifference, shapes } from "./comparing";
import type { Exercise } from "./exercise";
import { type Numbers, permutations, permuted, reshaped, rows, squeezed } from "./numbers";

export function hintOfShape(numbers: Numbers, expected: Numbers, exercise: Exercise): string | null {
  const agrees = (given: Numbers | null, right: Numbers | undefined = expected) =>
    given !== null && right !== undefined && numberDifference(given, right, exercise) === null;
  const both = shapes(numbers, expected);
  if (agrees(squeezed(numbers), squeezed(expected)))
    return `the numbers are right, but an axis of length 1 is too many or missing: ${both}`;
  const orders = numbers.shape.length <= 4 ? permutations(numbers.shape.length) : [];
  if (orders.some((order) => agrees(permuted(numbers, order))))
    return `the numbers are right, but the axes stand in another order: ${both}`;
  if (agrees(reshaped(numbers, expected.shape))) return `the numbers are right, but laid out in another shape: ${both}`;
  if (expected.shape.length > 0 && agrees(numbers, rows(expected)[0])) return `the first axis is missing: ${both}`;
  const copies = numbers.shape.length > 0 ? rows(numbers) : [];
  if (copies.length > 0 && copies.every((copy) => agrees(copy)))
    return `the right answer stands there ${copies.length} times, and once is enough: ${both}`;
  return null;
}
