// A table of texts with a heading for each column and, in its first cell, for each row.

import { h } from "./element";
import { wordElement } from "./word";

export function table(headings: string[], rows: string[][]): HTMLTableElement {
  const columns = headings.map((text) => wordElement("th", { scope: "col" }, text));
  const body = rows.map(([heading = "", ...texts]) => {
    const cells = texts.map((text) => h("td", {}, text));
    return h("tr", {}, wordElement("th", { scope: "row" }, heading), ...cells);
  });
  return h("table", {}, h("thead", {}, h("tr", {}, ...columns)), h("tbody", {}, ...body));
}

/** A named region that scrolls sideways, by keyboard too. */
export function scrollRegion(label: string): HTMLElement {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label });
}
