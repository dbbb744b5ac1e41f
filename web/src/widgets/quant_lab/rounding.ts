// The numbers of a slice on one grid or on all of them. The twin in Python is llmbook.pages.widgets.gridded.

import { decodeFloat16 } from "../../core/float16";
import {
  bitsOf,
  errorsOf,
  FP4,
  type Grid,
  listed,
  type Norm,
  type Offset,
  type OnGrid,
  onGrid,
  type Shares,
  wholeNumbers,
} from "../../core/grids";
import { GRIDS, GROUPS, type GridName, type Group, type Setting, type Slice, type Source } from "./state";

const OFFSETS: Partial<Record<GridName, Offset>> = { symmetric: "none", asymmetric: "whole", free: "free" };

export interface Ranked {
  grid: GridName;
  /** A number's, with its share of the scale and the offset. */
  bits: number;
  errors: Shares;
}

/** The groups that the rows of a slice can be cut into. */
export function fitting({ columns }: Slice): Group[] {
  return GROUPS.filter((group) => typeof group === "string" || columns % group === 0);
}

/** How many numbers share a scale. */
export function sizeOf(group: Group, { rows, columns }: Slice): number {
  if (typeof group === "number") return group;
  return group === "row" ? columns : rows * columns;
}

/** All slices, and the errors of each setting, found once. */
export class Rounding {
  readonly #source: Source;
  readonly #decoded = new Map<Slice, Float64Array>();
  readonly #errors = new Map<string, Shares>();

  constructor(source: Source) {
    this.#source = source;
    for (const slice of source.slices) this.numbersOf(slice); // what cannot be read is known at once
  }

  numbersOf(slice: Slice): Float64Array {
    const numbers = this.#decoded.get(slice) ?? decodeFloat16(slice.numbers);
    if (numbers.length !== slice.rows * slice.columns) throw new Error(`the numbers of ${slice.name} are cut short`);
    this.#decoded.set(slice, numbers);
    return numbers;
  }

  gridOf({ grid, bits }: Setting): Grid {
    const offset = OFFSETS[grid];
    if (offset) return wholeNumbers(bits, offset);
    return listed(grid === "fp4" ? FP4 : this.#source.nf4);
  }

  onGrid(slice: Slice, setting: Setting): OnGrid {
    return onGrid(this.numbersOf(slice), sizeOf(setting.group, slice), this.gridOf(setting));
  }

  errorsOf(slice: Slice, setting: Setting): Shares {
    const key = `${slice.name} ${setting.grid} ${this.gridOf(setting).bits} ${setting.group}`;
    const found = this.#errors.get(key) ?? errorsOf(this.numbersOf(slice), this.onGrid(slice, setting).back);
    this.#errors.set(key, found);
    return found;
  }

  bitsOf(slice: Slice, setting: Setting): number {
    return bitsOf(this.gridOf(setting), sizeOf(setting.group, slice));
  }

  /** Each grid with the bits and the group of this setting: the smallest error in this norm first. */
  ranked(slice: Slice, setting: Setting, norm: Norm): Ranked[] {
    const all = GRIDS.map((grid) => {
      const other = { ...setting, grid };
      return { grid, bits: this.bitsOf(slice, other), errors: this.errorsOf(slice, other) };
    });
    return all.sort((a, b) => a.errors[norm] - b.errors[norm]);
  }
}
