// The ranking of all grids, and what unfolds: all granularities, and the twins of the pictures.

import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { setAttribute, setText } from "../../controls/write";
import { type Histogram, NORMS } from "../../core/grids";
import type { QuantLab } from "./lab";
import { bytes, four, GRID_NAMES, NORM_NAMES, percent, sharing } from "./names";
import { fitting } from "./rounding";
import { GRIDS } from "./state";
import { shownOf } from "./strip";

export const HEADINGS = ["grid", ...NORMS.map((norm) => NORM_NAMES[norm]), "bits", "bytes"];

/** A row for each grid, the smallest error first; rows stay, only their texts change. */
export function ranking(lab: QuantLab): HTMLElement {
  const caption = h("div", { class: "caption" });
  const rows = table(HEADINGS, rankingRows(lab));
  const region = scrollRegion("All grids, the smallest error first");
  region.append(rows);
  const cells = [...rows.querySelectorAll("tbody :is(th, td)")];
  const lines = [...rows.querySelectorAll("tbody tr")];
  lab.onUpdate(() => {
    const { state, reading } = lab;
    setText(caption, captionOf(lab));
    const texts = rankingRows(lab).flat();
    for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? "");
    for (const [i, line] of lines.entries()) {
      const isChosen = !lab.asked && reading.ranked[i]?.grid === state.grid;
      setAttribute(line, "class", isChosen ? "chosen" : "");
    }
  });
  return h("div", { class: "ranking" }, caption, region);
}

export function captionOf({ asked, state }: QuantLab): string {
  const order = asked ? "errors not revealed" : `the smallest ${NORM_NAMES[state.norm]} error first`;
  return `All grids with ${sharing(state.group)}: ${order}`;
}

export function rankingRows(lab: QuantLab): string[][] {
  const { ranked } = lab.reading;
  const order = lab.asked ? GRIDS.flatMap((grid) => ranked.filter((one) => one.grid === grid)) : ranked;
  return order.map(({ grid, bits, errors }) => {
    const found = NORMS.map((norm) => (lab.asked ? "?" : percent(errors[norm])));
    const mark = grid === lab.state.grid ? "▸ " : "";
    return [`${mark}${GRID_NAMES[grid]}`, ...found, bits.toFixed(2), bytes(bits)];
  });
}

/** Each grid with each group in the norm that is set: the smallest of a row is marked. */
export function everywhereTable(lab: QuantLab): HTMLElement {
  return unfolding(lab, "Every grid with every group", () => [everywhere(lab)]);
}

export function everywhere({ rounding, reading: { slice }, state, asked }: QuantLab): HTMLTableElement {
  const rows = fitting(slice).map((group) => {
    const found = GRIDS.map((grid) => rounding.errorsOf(slice, { grid, bits: state.bits, group })[state.norm]);
    const least = Math.min(...found);
    return [sharing(group), ...found.map((error) => (asked ? "?" : `${percent(error)}${error === least ? " ★" : ""}`))];
  });
  return table([`${NORM_NAMES[state.norm]} error, ★ the smallest`, ...GRIDS.map((grid) => GRID_NAMES[grid])], rows);
}

export function histogramTable(lab: QuantLab): HTMLElement {
  return unfolding(lab, "The histograms as tables", () => {
    const { histogram, errorHistogram } = lab.reading;
    const both = [tableOf("numbers, in steps of their scale", histogram)];
    return lab.asked ? both : [...both, tableOf("errors", errorHistogram)];
  });
}

function tableOf(name: string, { low, high, counts }: Histogram): HTMLTableElement {
  const width = (high - low) / counts.length;
  const edge = (i: number): string => four(low + i * width);
  const rows = Array.from(counts, (count, i) => [`${edge(i)} to ${edge(i + 1)}`, String(count)]);
  return table(["between", name], rows);
}

export function stripTable(lab: QuantLab): HTMLElement {
  return unfolding(lab, "The neighbours as a table", () => {
    const { start, count } = shownOf(lab);
    const rows = Array.from({ length: count }, (_, n) => {
      const { number, level, rounded } = lab.numberAt(start + n);
      return [String(start + n), ...[number, level, rounded, rounded - number].map(four)];
    });
    return [table(["column", "number", "level", "becomes", "error"], rows)];
  });
}
