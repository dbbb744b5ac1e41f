// The synchronised traits, as the Python class llmbook.pages.widgets.QuantLab declares them.

import type { Norm } from "../../core/grids";
import type { WidgetModel } from "../host";

export const GRIDS = ["symmetric", "asymmetric", "free", "fp4", "nf4"] as const;
export const GROUPS = [16, 32, 64, 128, "row", "tensor"] as const;
export const FEWEST_BITS = 2;
export const MOST_BITS = 8;

export type GridName = (typeof GRIDS)[number];
export type Group = (typeof GROUPS)[number];

export interface Slice {
  name: string;
  title: string;
  /** The line of Python that takes it. */
  code: string;
  rows: number;
  columns: number;
  /** Float16, little-endian, in base64. */
  numbers: string;
}

export interface Source {
  slices: Slice[];
  /** The levels of nf4. */
  nf4: number[];
}

/** How numbers are rounded. */
export interface Setting {
  grid: GridName;
  /** Of whole numbers; the other grids have four. */
  bits: number;
  group: Group;
}

/** What the reader sets. */
export interface State extends Setting {
  slice: string;
  norm: Norm;
  /** The chosen number. */
  row: number;
  column: number;
}

export type Traits = { source: Source } & { [Name in keyof State]: State[Name] };
export type QuantModel = WidgetModel<Traits>;

export function readState(model: QuantModel): State {
  return {
    slice: model.get("slice"),
    bits: model.get("bits"),
    group: model.get("group"),
    grid: model.get("grid"),
    norm: model.get("norm"),
    row: model.get("row"),
    column: model.get("column"),
  };
}
