// Numbers of one shape, as torch has them: their type decides how exactly they are compared.

export type Type = "bool" | "int64" | "float32" | "float64";

export interface Numbers {
  type: Type;
  shape: number[];
  flat: number[]; // row by row
}

export type Nested = number | string | Nested[]; // a string is one of the numbers JSON has no name for

const WIDER: Type[] = ["bool", "int64", "float32", "float64"];

export const isFloating = ({ type }: Numbers): boolean => type.startsWith("float");

export const scalar = (type: Type, value: number): Numbers => ({ type, shape: [], flat: [value] });

/** Nested lists as they are stored: all numbers of one type. */
export function fromNested(type: Type, nested: Nested): Numbers {
  if (Array.isArray(nested)) return stack(nested.map((part) => fromNested(type, part))) ?? scalar(type, Number.NaN);
  return scalar(type, type === "float32" ? Math.fround(Number(nested)) : Number(nested));
}

/** One axis more in front; null where the parts have several shapes. Nothing stacked is an empty row. */
export function stack(parts: Numbers[]): Numbers | null {
  const shape = parts[0]?.shape ?? [];
  if (parts.some((part) => String(part.shape) !== String(shape))) return null;
  const widest = Math.max(...parts.map(({ type }) => WIDER.indexOf(type)));
  return {
    type: WIDER[widest] ?? "float64",
    shape: [parts.length, ...shape],
    flat: parts.flatMap(({ flat }) => flat),
  };
}

/** Each number changed. */
export function each(numbers: Numbers, change: (x: number) => number, type = numbers.type): Numbers {
  return { ...numbers, type, flat: numbers.flat.map(change) };
}

/** What lies under each index of the first axis. */
export function rows({ type, shape, flat }: Numbers): Numbers[] {
  const [length = 0, ...rest] = shape;
  const size = rest.reduce((product, side) => product * side, 1);
  return Array.from({ length }, (_, i) => ({ type, shape: rest, flat: flat.slice(i * size, (i + 1) * size) }));
}

export function flipped(numbers: Numbers): Numbers | null {
  if (numbers.shape.length === 0) return null;
  return {
    ...numbers,
    flat: rows(numbers)
      .reverse()
      .flatMap(({ flat }) => flat),
  };
}

export function squeezed(numbers: Numbers): Numbers {
  return { ...numbers, shape: numbers.shape.filter((side) => side !== 1) };
}

export function reshaped(numbers: Numbers, shape: number[]): Numbers | null {
  const size = shape.reduce((product, side) => product * side, 1);
  return size === numbers.flat.length ? { ...numbers, shape } : null;
}

/** The place of a number in a flat row, as an index an axis. */
export function placeOf(flat: number, shape: number[]): number[] {
  let rest = flat;
  const backwards = [...shape].reverse().map((side) => {
    const index = rest % side;
    rest = Math.floor(rest / side);
    return index;
  });
  return backwards.reverse();
}

/** The axes in another order. */
export function permuted(numbers: Numbers, order: number[]): Numbers {
  const shape = order.map((axis) => numbers.shape[axis] ?? 0);
  const strides = numbers.shape.map((_, axis) => numbers.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const flat = numbers.flat.map((_, to) => {
    const place = placeOf(to, shape);
    const from = order.reduce((sum, axis, i) => sum + (place[i] ?? 0) * (strides[axis] ?? 0), 0);
    return numbers.flat[from] ?? Number.NaN;
  });
  return { ...numbers, shape, flat };
}

/** All orders of the first so many numbers. */
export function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  const places = Array.from({ length: count }, (_, place) => place);
  return permutations(count - 1).flatMap((order) =>
    places.map((at) => [...order.slice(0, at), count - 1, ...order.slice(at)]),
  );
}
