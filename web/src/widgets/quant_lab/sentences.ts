// What the numbers say in words: the setting and its rank, and the chosen number as an equation.

import type { OneNumber } from "../../core/grids";
import type { QuantLab } from "./lab";
import { bytes, four, GRID_NAMES, NORM_NAMES, percent, settingName } from "./names";

const NTH = ["is the smallest", "is the second", "is the third", "is the fourth", "is the largest"];

export function describe(lab: QuantLab): string {
  const { state, bits, errors, ranked } = lab.reading;
  if (lab.asked) {
    const [a, b] = lab.asked.map(settingName);
    return `Which has the smaller ${NORM_NAMES[state.norm]} error here? A: ${a}. B: ${b}.`;
  }
  const what = settingName(state);
  const size = `${what.slice(0, 1).toUpperCase()}${what.slice(1)}: ${bits.toFixed(2)} bits a number, ${bytes(bits)} bytes.`;
  const own = errors[state.norm];
  const rank = ranked.filter((other) => other.errors[state.norm] < own).length; // equal ones share a place
  const [best] = ranked;
  const others = rank && best ? `; the smallest has ${GRID_NAMES[best.grid]}, ${percent(best.errors[state.norm])}` : "";
  const error = `The ${NORM_NAMES[state.norm]} error, ${percent(own)} of the numbers' own,`;
  return `${size} ${error} ${NTH[rank]} of five grids${others}.`;
}

/** The columns, or rows, whose numbers share a scale with the one that is told of. */
function groupName({ state, reading: { slice, rounded }, place: [row, column] }: QuantLab): string {
  if (state.group === "tensor" && slice.rows > 1) return `all ${slice.rows} rows`;
  if (typeof state.group === "string") return `row ${row}`;
  const start = column - (column % rounded.size);
  return `columns ${start} to ${start + rounded.size - 1} of row ${row}`;
}

/** How the scale comes about, and the offset. */
function scaleLine(lab: QuantLab, { scale, offset }: OneNumber): string {
  const { levels, offset: kind } = lab.reading.rounded.grid;
  const last = levels.at(-1) ?? 0;
  const from = `in float16, of ${groupName(lab)}`;
  if (scale === 1 && spanOf(lab) < 0.5) return `s = 1, for float16 has no scale so small; m = ${four(offset)}, ${from}`;
  if (kind === "none") return `s = greatest size / ${last} = ${four(scale)}, ${from}`;
  if (kind === "free") return `s = (greatest − least) / ${last} = ${four(scale)}, m = least = ${four(offset)}, ${from}`;
  const z = Math.round(-offset / scale);
  const m = z ? `−${z} s = ${four(offset)}` : "0";
  return `s = (greatest − least) / ${last} = ${four(scale)}, nought among them; m = ${m}, ${from}`;
}

/** How far the numbers of the group reach: a scale of 1 that comes from them has at least one level's worth. */
function spanOf({ reading: { numbers, rounded, slice }, place: [row, column] }: QuantLab): number {
  const at = row * slice.columns + column;
  const start = at - (at % rounded.size);
  const group = numbers.subarray(start, start + rounded.size);
  const [low, high] = [Math.min(...group), Math.max(...group)];
  return rounded.grid.offset === "free" ? high - low : Math.max(-low, high);
}

/** The chosen number worked out, a line for each step. */
export function equation(lab: QuantLab): string[] {
  const [row, column] = lab.place;
  const one = lab.numberAt(column);
  const { number, scale, offset, level, rounded } = one;
  const size = four(Math.abs(offset));
  const [plus, minus] = offset < 0 ? ["−", "+"] : ["+", "−"];
  const shifted = offset === 0 ? four(number) : `(${four(number)} ${minus} ${size})`;
  return [
    `x = w[${row}, ${column}] = ${four(number)}`,
    scaleLine(lab, one),
    `${shifted} / ${four(scale)} = ${four((number - offset) / scale)}, nearest level ${four(level)}`,
    `x̂ = ${four(scale)} · ${four(level)}${offset === 0 ? "" : ` ${plus} ${size}`} = ${four(rounded)}`,
    `error x̂ − x = ${four(rounded - number)}`,
  ];
}
