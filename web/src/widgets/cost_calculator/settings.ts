// What can be set, each with the line of Python it stands for: first the model and its work, then what unfolds.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { setAttribute } from "../../controls/write";
import type { Name } from "../../core/costs";
import type { CostCalculator } from "./lab";
import { counted, literal, percent, quantity } from "./names";
import { lastPosition, positionOf, valueAt } from "./ranges";
import { BITS, OWN, titleOf } from "./state";

type Written = (x: number) => string;

const counting =
  (unit: string): Written =>
  (x) =>
    `${counted(x)} ${unit}`;
const measuring =
  (unit: string): Written =>
  (x) =>
    quantity(x, unit);

type Row = [name: Name, title: string, written: Written];

const MODEL: Row[] = [
  ["total", "All parameters", counted],
  ["active", "Active parameters", counted],
  ["shared", "Of these, for every token", counted],
  ["cache", "Cache of a token", measuring("B")],
  ["trained", "Tokens of the training", counted],
];
const WORK: Row[] = [
  ["batch", "Texts at once", counted],
  ["read", "Tokens of a prompt", counted],
  ["written", "Tokens of an answer", counted],
];
const DEVICES: Row[] = [
  ["devices", "Devices", counted],
  ["operations", "Operations a second", measuring("")],
  ["bandwidth", "Bandwidth", measuring("B/s")],
  ["watts", "Power", measuring("W")],
  ["room", "Memory", measuring("B")],
  ["used", "Of the peak used in training", percent],
  ["reached", "Of the bounds reached in serving", percent],
];
const MONEY: Row[] = [
  ["rent", "Rent of a device", counting("dollars an hour")],
  ["price", "Price elsewhere", counting("dollars a million")],
  ["machine", "Price of a device", counting("dollars")],
  ["months", "Its life", counting("months")],
  ["electricity", "Electricity", counting("dollars a kWh")],
];

export function settings(lab: CostCalculator): HTMLElement {
  return h(
    "div",
    { class: "settings" },
    presets(lab),
    h(
      "div",
      { class: "controls" },
      ...MODEL.map((row) => number(lab, row)),
      bits(lab),
      ...WORK.map((row) => number(lab, row)),
    ),
    group(lab, "The devices", DEVICES),
    group(lab, "The money", MONEY),
  );
}

function group(lab: CostCalculator, title: string, rows: Row[]): HTMLElement {
  const controls = h("div", { class: "controls" }, ...rows.map((row) => number(lab, row)));
  return h("details", {}, h("summary", {}, title), controls);
}

/** A button for each preset; the one whose numbers are set is pressed. */
function presets(lab: CostCalculator): HTMLElement {
  const { presets: all } = lab.source;
  const buttons = Object.keys(all).map((name) => ({
    name,
    element: button(titleOf(lab.source, name), () => lab.take(name), lab.signal),
  }));
  lab.onUpdate(() => {
    for (const { name, element } of buttons) setAttribute(element, "aria-pressed", String(name === lab.preset));
  });
  const label = `Presets; whatever else you set are ${titleOf(lab.source, OWN)}`;
  return h("div", { class: "buttons", role: "group", "aria-label": label }, ...buttons.map(({ element }) => element));
}

function number(lab: CostCalculator, [name, title, written]: Row): HTMLElement {
  const { element, update } = slider((position) => lab.change({ [name]: valueAt(name, position) }), lab.signal);
  lab.onUpdate(() => {
    const value = lab.state[name];
    update({
      name: title,
      range: [0, lastPosition(name), 1],
      value: positionOf(name, value),
      text: written(value).trim(),
      code: `${name} = ${literal(name, value)}`,
    });
  });
  return element;
}

function bits(lab: CostCalculator): HTMLElement {
  const { element, update } = select({
    name: "Bits of a parameter",
    options: BITS.map(String),
    nameOf: (option) => option,
    onChange: (option) => lab.change({ bits: Number(option) }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(String(lab.state.bits), `bits = ${lab.state.bits}`));
  return element;
}
