// The reader's own machine: measured when asked, and what SmolLM2 could write on it. No number stands here before.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { setAttribute, setHidden, setText } from "../../controls/write";
import type { CostCalculator } from "./lab";
import { MACHINE_HEADINGS, machineRows, tellMeasured } from "./sentences";

export const ASSUMED =
  "Assumed: each token fetches all weights once, 4 bits count without their scales, and one thread works. A program that uses all cores, or the processor's wide registers, does more: these are the most that such a thread could write, and the bound of the whole machine is higher.";

export function machine(lab: CostCalculator): HTMLElement {
  const measureButton = button("Measure my machine", () => lab.measure(), lab.signal);
  const takeButton = button("Take these numbers", () => lab.takeMeasured(), lab.signal);
  const status = h("p", { class: "notice", role: "status" });
  const rows = table(MACHINE_HEADINGS, Array<string[]>(2).fill(["", "", "", ""]));
  const cells = [...rows.querySelectorAll("tbody :is(th, td)")];
  const region = scrollRegion("What SmolLM2 could write on this machine");
  region.append(rows);
  const found = h("div", {}, region, h("p", { class: "notice" }, ASSUMED), h("div", { class: "buttons" }, takeButton));
  lab.onUpdate(() => {
    const { isBusy, doing, measured } = lab;
    setAttribute(measureButton, "aria-disabled", String(isBusy));
    setText(status, isBusy ? `Measuring: ${doing} …` : doing || tellMeasured(lab));
    setHidden(found, !measured);
    const texts = machineRows(lab).flat();
    for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? "");
  });
  const caption = h("div", { class: "caption" }, "My machine");
  return h("div", { class: "machine" }, caption, h("div", { class: "buttons" }, measureButton), status, found);
}
