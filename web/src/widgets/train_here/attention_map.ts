// What a head looks at while the model learns: a piece of the text, a row for each query, a column for each key.

import { h } from "../../controls/element";
import { heatMap } from "../../controls/heat_map";
import { legend } from "../../controls/heat_map/legend";
import { slider } from "../../controls/slider";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { labelOf, legible } from "../../core/legible";
import { PIECE } from "./state";
import type { Trainer } from "./trainer";

/** The characters that are looked at. */
export function pieceOf({ text, state }: Trainer): string[] {
  const all = [...text];
  const n = Math.min(PIECE, state.length);
  const start = Math.max(0, Math.min(state.place, all.length - PIECE));
  return all.slice(start, start + n);
}

export function attentionMap(trainer: Trainer): HTMLElement {
  const scale = legend();
  const caption = h("div", { class: "caption" }, "Attention: rows are queries, columns keys");
  const empty = h("p", { class: "notice" }, "The map comes with the first step.");
  let cell: [row: number, col: number] = [PIECE - 1, 0];
  const select = (row: number, col: number): void => {
    cell = [row < 0 ? cell[0] : row, col < 0 ? cell[1] : col];
    draw();
  };
  const label = (T: number): string => `Attention weights: ${T} queries by ${T} keys. Arrow keys move.`;
  const map = heatMap({ label, onClick: select, onMove: select, onEnter: () => undefined, signal: trainer.signal });
  const said = h("p", { class: "notice" });
  let named = "";

  function draw(): void {
    const { run } = trainer;
    const T = Math.round(Math.sqrt(run?.attention.length ?? 0));
    const piece = pieceOf(trainer);
    const isThere = run !== null && !trainer.isFresh && T === piece.length;
    empty.hidden = isThere;
    map.element.hidden = !isThere;
    scale.element.hidden = !isThere;
    said.hidden = !isThere;
    if (!isThere) return;
    const names = piece.map((letter) => legible(letter)[0]);
    if (named !== names.join()) map.setNames(names, names);
    named = names.join();
    cell = [Math.min(cell[0], T - 1), Math.min(cell[1], T - 1)];
    const [row, col] = cell;
    const mayAttend = Uint8Array.from(run.attention, (_, i) => Number(i % T <= Math.floor(i / T)));
    const pair = `${labelOf(piece, row)} to ${labelOf(piece, col)}: ${fixed(run.attention[row * T + col] ?? 0)}`;
    map.draw({ weights: run.attention, mayAttend, row, col, hiddenRow: -1 }, pair);
    setText(said, pair);
    scale.update(1);
  }
  trainer.onUpdate(draw);
  return h("div", { class: "map" }, caption, ...looks(trainer), empty, map.element, scale.element, said);
}

/** Where the piece begins, and whose attention it is. */
function looks(trainer: Trainer): HTMLElement[] {
  const place = slider((value) => trainer.change({ place: value }), trainer.signal);
  const layer = slider((value) => trainer.change({ layer: value }), trainer.signal);
  const head = slider((value) => trainer.change({ head: value }), trainer.signal);
  trainer.onUpdate(() => {
    const { state, text } = trainer;
    const last = Math.max(0, lengthOf(text) - PIECE);
    const piece = pieceOf(trainer).join("").replaceAll("\n", "↵");
    const first = Math.min(state.place, last);
    place.update({
      name: "Piece",
      range: [0, last, 1],
      value: first,
      text: `“${piece}”`,
      code: `ids[${first}:${first + Math.min(PIECE, state.length)}]`,
    });
    const [layers, heads] = [state.n_layers - 1, state.n_heads - 1];
    const at = { layer: Math.min(state.layer, layers), head: Math.min(state.head, heads) };
    const codes = {
      layer: `model.blocks[${at.layer}].attention`,
      head: `scores.softmax(-1)[:, ${at.head}]  # (B, H, T, S)`,
    };
    layer.update({ name: "Layer", range: [0, layers, 1], value: at.layer, text: String(at.layer), code: codes.layer });
    head.update({ name: "Head", range: [0, heads, 1], value: at.head, text: String(at.head), code: codes.head });
  });
  return [place.element, layer.element, head.element];
}

let counted = { text: "", length: 0 };

/** How many characters a text has; counted once. */
function lengthOf(text: string): number {
  if (counted.text !== text) counted = { text, length: [...text].length };
  return counted.length;
}
