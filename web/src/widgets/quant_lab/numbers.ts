// The strip as a grid that is one stop of the Tab key: arrows choose a number, the pointer shows one in passing.

import { h, uniqueId } from "../../controls/element";
import heatCss from "../../controls/heat_map/heat_map.css";
import { cellAfter } from "../../controls/heat_map/keys";
import { adoptStyleSheet } from "../../controls/style_sheet";
import { setAttribute, setText } from "../../controls/write";
import type { QuantLab } from "./lab";
import { equation } from "./sentences";
import { columnAt, SIZE, strip, WIDE } from "./strip";

const PAGES: Record<string, number> = { PageUp: -WIDE, PageDown: WIDE };
const HINT = "Dots are numbers, dashes what they become, lines the levels. Point, or move with the arrow keys.";

export function numbers(lab: QuantLab): HTMLElement {
  adoptStyleSheet(heatCss); // the grid that takes clicks and keys lies over the picture
  const picture = strip();
  const cell = h("div", { role: "gridcell", id: uniqueId("cell") });
  const line = h("div", { role: "row", class: "hidden" }, cell);
  const grid = h("div", { role: "grid", tabindex: "0", "aria-activedescendant": cell.id }, line);
  const element = h("div", { class: "heat" }, picture.element, grid);
  const steps = h("ol", { class: "equation" });
  const lines = equation(lab).map(() => h("li"));
  steps.append(...lines);
  listen(lab, grid);
  lab.onUpdate(() => {
    picture.draw(lab);
    const { slice } = lab.reading;
    const [row, column] = lab.place;
    const texts = equation(lab);
    for (const [i, item] of lines.entries()) setText(item, texts[i] ?? "");
    setText(cell, [texts[0], ...texts.slice(-2)].join("; "));
    setAttribute(grid, "aria-label", `Numbers: ${slice.rows} rows of ${slice.columns}. Arrow and Page keys move.`);
    setAttribute(grid, "aria-rowcount", String(slice.rows));
    setAttribute(grid, "aria-colcount", String(slice.columns));
    setAttribute(line, "aria-rowindex", String(row + 1));
    setAttribute(cell, "aria-colindex", String(column + 1));
  });
  return h("div", { class: "numbers" }, h("div", { class: "caption" }, "Neighbours in a row"), element, hint(), steps);
}

function hint(): HTMLElement {
  return h("p", { class: "notice" }, HINT);
}

function listen(lab: QuantLab, grid: HTMLElement): void {
  const { signal } = lab;
  const under = (event: MouseEvent): number => {
    const box = grid.getBoundingClientRect();
    return columnAt(lab, ((event.clientX - box.left) * SIZE.width) / box.width);
  };
  const onKey = (event: KeyboardEvent): void => {
    const { slice } = lab.reading;
    const { row, column } = lab.state;
    const page = PAGES[event.key];
    const clamped = Math.max(0, Math.min(slice.columns - 1, column + (page ?? 0)));
    const next = page ? [row, clamped] : cellAfter(event.key, [row, column], [slice.rows, slice.columns]);
    if (!next) return;
    event.preventDefault();
    const [nextRow = row, nextColumn = column] = next;
    lab.looked = -1;
    lab.change({ row: nextRow, column: nextColumn });
  };
  const onClick = (event: MouseEvent): void => {
    const column = under(event);
    if (column >= 0) lab.change({ column });
  };
  grid.addEventListener("keydown", onKey, { signal });
  grid.addEventListener("click", onClick, { signal });
  grid.addEventListener("pointermove", (event) => lab.look(event.pointerType === "touch" ? -1 : under(event)), {
    signal,
  });
  grid.addEventListener("pointerleave", () => lab.look(-1), { signal });
}
