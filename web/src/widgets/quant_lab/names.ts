// How settings and errors are called, in tables and in sentences.

import { fixed } from "../../core/format";
import type { Norm } from "../../core/grids";
import type { GridName, Group, Setting } from "./state";

export const GRID_NAMES: Record<GridName, string> = {
  symmetric: "symmetric whole numbers",
  asymmetric: "whole numbers, zero-point",
  free: "whole numbers, free offset",
  fp4: "fp4",
  nf4: "nf4",
};

export const NORM_NAMES: Record<Norm, string> = {
  absolute: "mean absolute",
  square: "mean square",
  greatest: "greatest",
};

/** Who shares a scale. */
export const sharing = (group: Group): string =>
  typeof group === "string" ? `a scale for each ${group}` : `a scale for every ${group}`;

export function settingName({ grid, bits, group }: Setting): string {
  const isListed = grid === "fp4" || grid === "nf4";
  return `${isListed ? "" : `${bits}-bit `}${GRID_NAMES[grid]}, ${sharing(group)}`;
}

/** A share in per cent, with two decimals, or four of a small one. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${fixed(value, value !== 0 && value < 0.1 ? 4 : 2)} %`;
}

export const bytes = (bits: number): string => fixed(bits / 8, 3);

/** A number with four digits. */
export const four = (x: number): string => (x === 0 ? "0" : String(Number(x.toPrecision(4))).replaceAll("-", "−"));
