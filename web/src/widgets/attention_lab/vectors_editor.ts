// Changing an entry of Q, K or V: select one of the numbers behind the selected cell, then move the slider or drag it.

import { button } from "../../controls/button";
import { type Details, details } from "../../controls/details";
import { h } from "../../controls/element";
import { slider } from "../../controls/slider";
import { fixed } from "../../core/format";
import type { Lab } from "./lab";
import type { Edit } from "./state";
import { type Coordinate, entryAt, vectorsTable } from "./vectors_table";

const LIMIT = 8;
const PIXELS_A_TENTH = 2;

export function vectorsEditor(lab: Lab): Details {
  let selected: Coordinate = { matrix: "q", column: 0 };
  const set = (value: number): void => setEntry(lab, selected, value);
  const vectors = vectorsTable(lab, {
    onSelect: (coordinate) => {
      selected = coordinate;
      fill();
    },
    onDrag: (value, pixels) => set(dragged(value, pixels)),
  });
  const entry = slider(set, lab.signal);
  const restore = button("Restore all entries", () => lab.change({ edits: [] }), lab.signal);

  function fill(): void {
    vectors.update(selected);
    const value = entryAt(lab, selected);
    const name = `${selected.matrix}[${lab.rowIn(selected.matrix)}, ${selected.column}]`;
    entry.update({ name, label: `Entry ${name}`, range: [-LIMIT, LIMIT, 0.1], value, text: fixed(value, 1) });
  }

  const code = h("code", {}, "q[t, i] = value");
  const instruction = h("p", {}, "Choose a number, then move the slider, or drag the number sideways. ", code);
  const part = details({
    title: "The vectors: change an entry of Q, K or V",
    children: [instruction, vectors.element, entry.element, restore],
    fill,
    signal: lab.signal,
  });
  lab.onUpdate(() => {
    part.update();
    restore.hidden = lab.state.edits.length === 0;
  });
  return part;
}

/** A tenth for every two pixels, within the slider's limits. */
function dragged(value: number, pixels: number): number {
  const tenths = Math.round(value * 10 + pixels / PIXELS_A_TENTH);
  return Math.max(-LIMIT, Math.min(LIMIT, tenths / 10));
}

/** Put a number in at a coordinate, in place of an earlier edit there. */
function setEntry(lab: Lab, { matrix, column }: Coordinate, value: number): void {
  const { head, edits } = lab.state;
  const edit: Edit = [matrix, head, lab.rowIn(matrix), column, value];
  const key = entryKey(edit);
  lab.change({ edits: [...edits.filter((other) => entryKey(other) !== key), edit] });
}

function entryKey(edit: Edit): string {
  return edit.slice(0, 4).join();
}
