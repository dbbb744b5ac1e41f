// The numbers behind the selected cell: q, k and v, and how the score and the weight come out of them. Whoever drags a
// number keeps the sentence and the selected query's weights in sight.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { slider } from "../../controls/slider";
import { setHidden, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { divisor } from "./attend";
import type { Lab } from "./lab";
import type { Edit } from "./state";
import { type Coordinate, entryAt, vectorsTable } from "./vectors_table";

const LIMIT = 8;
const PIXELS_A_TENTH = 2;

/** `effect` is what has to stay in sight. */
export function cellPanel(lab: Lab, effect: HTMLElement): HTMLElement {
  let selected: Coordinate = { matrix: "q", column: 0 };
  const set = (value: number): void => setEntry(lab, selected, value);
  const vectors = vectorsTable(lab, {
    onSelect: (coordinate) => {
      selected = coordinate;
      update();
    },
    onDrag: (value, pixels) => set(dragged(value, pixels)),
  });
  const product = h("p", { class: "product" });
  const entry = slider(set, lab.signal);
  const restore = button("Restore all entries", () => lab.change({ edits: [] }), lab.signal);

  function update(): void {
    vectors.update(selected);
    setText(product, describeProduct(lab));
    const value = entryAt(lab, selected);
    const name = `${selected.matrix}[${lab.rowIn(selected.matrix)}, ${selected.column}]`;
    const hidden = lab.rowIn(selected.matrix) < 0;
    entry.update({ name, label: `Entry ${name}`, range: [-LIMIT, LIMIT, 0.1], value, text: fixed(value, 1), hidden });
    setHidden(restore, lab.state.edits.length === 0);
  }
  lab.onUpdate(update);

  const hint = h("p", { class: "notice" }, "Drag a number of q, k or v sideways, or choose it and move the slider.");
  const element = h("div", { class: "cell" }, vectors.element, product, hint, entry.element, restore);
  keepInSight(element, effect, lab.signal);
  return element;
}

/** While the reader is at work in `element`, no part of `effect` is off the screen. */
function keepInSight(element: HTMLElement, effect: HTMLElement, signal: AbortSignal): void {
  for (const event of ["pointerdown", "focusin"]) {
    element.addEventListener(event, () => effect.scrollIntoView({ block: "nearest" }), { signal });
  }
}

/** From q·k to the weight, step by step. */
function describeProduct(lab: Lab): string {
  const { state, key, attention, isHidden } = lab;
  if (key < 0) return "Which word? Choose one above.";
  const i = state.row * lab.S + key;
  const score = fixed(attention.scores[i] ?? 0);
  const steps = `q·k = ${score}; ${score} / ${divisor(state).toPrecision(3)} = ${fixed(attention.scaled[i] ?? 0)}`;
  const weight = isHidden ? "?" : fixed(attention.weights[i] ?? 0);
  return `${steps} → ${attention.mayAttend[i] ? "" : "hidden: "}weight ${weight}`;
}

/** A tenth for every two pixels, within the slider's limits. */
function dragged(value: number, pixels: number): number {
  const tenths = Math.round(value * 10 + pixels / PIXELS_A_TENTH);
  return Math.max(-LIMIT, Math.min(LIMIT, tenths / 10));
}

/** Put a number in at a coordinate, in place of an earlier edit there. */
function setEntry(lab: Lab, { matrix, column }: Coordinate, value: number): void {
  if (lab.rowIn(matrix) < 0) return; // no key is selected
  const { head, edits } = lab.state;
  const edit: Edit = [matrix, head, lab.rowIn(matrix), column, value];
  const key = entryKey(edit);
  lab.change({ edits: [...edits.filter((other) => entryKey(other) !== key), edit] });
}

function entryKey(edit: Edit): string {
  return edit.slice(0, 4).join();
}
