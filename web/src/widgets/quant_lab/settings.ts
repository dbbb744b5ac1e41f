// What can be set, each with the line of Python it stands for; run one after the other they give the error.

import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { setHidden } from "../../controls/write";
import { NORMS, type Norm } from "../../core/grids";
import type { QuantLab } from "./lab";
import { GRID_NAMES, NORM_NAMES, sharing } from "./names";
import { fitting } from "./rounding";
import { FEWEST_BITS, GRIDS, type GridName, MOST_BITS, type State } from "./state";

const NORM_CODE: Record<Norm, string> = {
  absolute: "error = off.abs().mean() / w.abs().mean()",
  square: "error = off.square().mean() / w.square().mean()",
  greatest: "error = off.abs().max() / w.abs().max()",
};

const GRID_CODE: Record<GridName, string> = {
  symmetric: 'kind, offset = "int", "none"',
  asymmetric: 'kind, offset = "int", "whole"',
  free: 'kind, offset = "int", "free"',
  fp4: 'kind, offset = "fp4", "none"',
  nf4: 'kind, offset = "nf4", "none"',
};

export function settings(lab: QuantLab): HTMLElement {
  const { source } = lab;
  const titles = Object.fromEntries(source.slices.map(({ name, title }) => [name, title]));
  const groups = fitting(lab.reading.slice).map(String);
  const slices = source.slices.map(({ name }) => name);
  return h(
    "div",
    { class: "controls" },
    choice(
      lab,
      "slice",
      "Numbers",
      slices,
      (name) => titles[name] ?? name,
      () => lab.reading.slice.code,
    ),
    choice(
      lab,
      "grid",
      "Grid",
      [...GRIDS],
      (grid) => GRID_NAMES[grid],
      ({ grid }) => GRID_CODE[grid],
    ),
    bitsSlider(lab),
    groupSelect(lab, groups),
    choice(
      lab,
      "norm",
      "Error",
      [...NORMS],
      (norm) => NORM_NAMES[norm],
      ({ norm }) => NORM_CODE[norm],
    ),
  );
}

/** A choice among the values of one field. */
function choice<Name extends "slice" | "grid" | "norm">(
  lab: QuantLab,
  field: Name,
  name: string,
  options: State[Name][],
  nameOf: (option: State[Name]) => string,
  codeOf: (state: State) => string,
): HTMLElement {
  const onChange = (option: State[Name]): void => lab.change({ [field]: option });
  const { element, update } = select({ name, options, nameOf, onChange, signal: lab.signal });
  lab.onUpdate(() => update(lab.state[field], codeOf(lab.state)));
  setHidden(element, options.length < 2);
  return element;
}

function groupSelect(lab: QuantLab, options: string[]): HTMLElement {
  const { element, update } = select({
    name: "Share a scale",
    options,
    nameOf: (option) => sharing(groupOf(option)),
    onChange: (option) => lab.change({ group: groupOf(option) }),
    signal: lab.signal,
  });
  lab.onUpdate(() => {
    const { group } = lab.state;
    update(String(group), `off = rounded(w, Scheme(kind=kind, bits=bits, offset=offset, group=${literal(group)})) - w`);
  });
  return element;
}

const groupOf = (option: string): State["group"] => (Number(option) || option) as State["group"];
const literal = (group: State["group"]): string => (typeof group === "string" ? `"${group}"` : String(group));

function bitsSlider(lab: QuantLab): HTMLElement {
  const { element, update } = slider((bits) => lab.change({ bits }), lab.signal);
  lab.onUpdate(() => {
    const { bits, grid } = lab.state;
    const own = grid === "fp4" || grid === "nf4" ? 4 : bits;
    update({
      name: "Bits of whole numbers",
      range: [FEWEST_BITS, MOST_BITS, 1],
      value: bits,
      text: String(bits),
      code: `bits = ${own}${own === bits ? "" : `  # ${grid} has four`}`,
    });
  });
  return element;
}
