// The cross-attention: a row for each character that is written, a column for each that is read, the truth framed.

import { h, svg } from "../../controls/element";
import { heatMap } from "../../controls/heat_map";
import { edgeOf, type Layout, layoutOf } from "../../controls/heat_map/layout";
import { legend } from "../../controls/heat_map/legend";
import type { HeatView } from "../../controls/heat_map/picture";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { labelOf, legible } from "../../core/legible";
import { framesOf } from "./dates";
import type { Desk } from "./desk";
import { textOf } from "./found";
import { describeFrames, nameOfHead } from "./sentence";

export function crossMap(desk: Desk): HTMLElement {
  const caption = h("div", { class: "caption" });
  const said = h("p", { class: "notice" });
  const scale = legend();
  const label = (T: number, S: number): string =>
    `Cross-attention: ${T} queries, written, by ${S} keys, read. Arrow keys move.`;
  const onMove = (row: number, col: number): void => select(desk, row, col);
  const map = heatMap({ label, onClick: onMove, onMove, onEnter: () => undefined, signal: desk.signal });
  const over = h("div", { class: "over", "aria-hidden": "true" });
  let named = "";
  let cover = coverOf(layoutOf(0, 0));
  let layout = layoutOf(0, 0);
  desk.onUpdate(() => {
    const { tokens, read } = desk;
    const names = JSON.stringify([tokens, read, desk.state.framed]);
    if (names !== named) {
      named = names;
      layout = layoutOf(tokens.length, read.length);
      map.setNames(tokens.map(shownAs), read.map(shownAs));
      cover = coverOf(layout);
      const picture = svg("svg", { viewBox: viewBoxOf(layout) }, ...frames(desk, layout), cover);
      over.replaceChildren(picture);
    }
    map.draw(viewOf(desk), describeCell(desk));
    placeCover(cover, desk, layout);
    setText(caption, `Where ${nameOfHead(desk)} looks`);
    setText(said, describeFrames(desk));
  });
  scale.update(1);
  const axes = h(
    "p",
    { class: "notice" },
    "A row (query) for each character written, a column (key) for each one read.",
  );
  return h("div", { class: "map" }, caption, axes, h("div", { class: "pile" }, map.element, over), scale.element, said);
}

const viewBoxOf = ({ width, height }: Layout): string => `0 0 ${width} ${height}`;

export const shownAs = (token: string): string => legible(token)[0];

/** A cell of the picture; below 0 a name, left or above, was hit. */
function select(desk: Desk, row: number, col: number): void {
  desk.change({ ...(row >= 0 ? { step: row } : {}), ...(col >= 0 ? { key: col } : {}) });
}

export function viewOf({ weights, step, key, isHidden }: Desk): HeatView {
  const mayAttend = new Uint8Array(weights.length).fill(1);
  return { weights, mayAttend, row: step, col: isHidden ? -1 : key, hiddenRow: isHidden ? step : -1 };
}

/** How many rows may be seen: those written, and not the one that waits for a prediction. */
export const rowsSeen = ({ step, isHidden, shown }: Desk): number => (shown ? step + (isHidden ? 0 : 1) : 0);

/** What lies over the rows that are not written yet, and over the one that waits for a prediction. */
function coverOf({ width }: Layout): SVGElement {
  return svg("rect", { class: "cover", x: 0, width });
}

function placeCover(cover: SVGElement, desk: Desk, layout: Layout): void {
  const from = edgeOf(layout, rowsSeen(desk)) + 0.5;
  setAttribute(cover, "y", String(from));
  setAttribute(cover, "height", String(Math.max(0, layout.height - from)));
}

/** A frame for each field: its characters read, by those written. */
export function frames(desk: Desk, layout: Layout): SVGElement[] {
  const { shown, about, meaning, state } = desk;
  if (!shown || !state.framed) return [];
  const { size } = layout;
  return framesOf(meaning, textOf(shown.ids, about), about.dates).map(({ there, here }) =>
    svg("rect", {
      class: "truth",
      x: edgeOf(layout, there[0]),
      y: edgeOf(layout, here[0]),
      width: (there[1] - there[0]) * size,
      height: (here[1] - here[0]) * size,
    }),
  );
}

/** The chosen cell in words. */
export function describeCell(desk: Desk): string {
  const { tokens, read, step, key, weights, isHidden } = desk;
  if (read.length === 0) return "nothing is written";
  const weight = isHidden ? "not revealed" : fixed(weights[step * read.length + key] ?? 0);
  return `${labelOf(tokens, step)} to ${labelOf(read, key)}: ${weight}`;
}
