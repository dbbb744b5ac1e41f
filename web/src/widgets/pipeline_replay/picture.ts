// The pictures: the measured trace where lengths are a run's, and the timetable as a grid that is one stop of the Tab key.

import { h, uniqueId } from "../../controls/element";
import { cellAfter } from "../../controls/heat_map/keys";
import { setAttribute, setHidden, setText } from "../../controls/write";
import type { PipelineReplay } from "./lab";
import { unitOf } from "./names";
import { chosenOf } from "./replaying";
import { compare, tell } from "./sentences";
import { LEFT, ROW, scaleOf, TOP, timetable, type View } from "./timetable";

const HINT =
  "F is a forward, B a backward, the number its micro-batch; a rank's second stage is lighter. Dashed is what the chosen action needs. Arrow keys or a click choose; Shift with ← or → moves the chosen one.";
const ANYWHERE = 6; // beside a narrow box, in units of the picture

/** The timetable in the order that is set. */
export function ownView({ reading }: PipelineReplay): View {
  const { span, needs } = chosenOf(reading);
  const chosen = { ...span, rank: reading.state.rank };
  const { now, unit, v } = reading;
  const measure = unitOf(reading.state.run);
  return { trace: now.trace, unit, v, until: untilOf(reading), measure, chosen, needs };
}

export function measuredView({ reading }: PipelineReplay): View | null {
  const { measured, unit, v } = reading;
  const measure = unitOf(reading.state.run);
  return measured && { trace: measured.trace, unit, v, until: untilOf(reading), measure };
}

const untilOf = ({ now, measured }: PipelineReplay["reading"]): number => Math.max(now.whole, measured?.whole ?? 0);

export function picture(lab: PipelineReplay): HTMLElement {
  const measured = timetable();
  const above = h("div", { class: "framed" }, measured.element);
  let drawn: View | undefined; // of the measured one
  const compared = h("p", { class: "notice compared" });
  const said = h("p", { class: "notice chosen" });
  const own = timetable();
  const cell = h("div", { role: "gridcell", id: uniqueId("cell") });
  const line = h("div", { role: "row", class: "hidden" }, cell);
  const grid = h("div", { role: "grid", tabindex: "0", "aria-activedescendant": cell.id }, line);
  const around = h("div", { class: "framed times" }, own.element, grid);
  const region = h("div", { class: "scroll" }, above, around);
  listen(lab, grid, region);
  lab.onUpdate(() => {
    const { state, p, now } = lab.reading;
    const isAsked = lab.asked !== null;
    const view = measuredView(lab);
    setHidden(above, !view);
    setHidden(compared, !view || isAsked);
    if (view && (drawn?.trace !== view.trace || drawn.until !== view.until || drawn.unit !== view.unit)) {
      fit(above, measured.draw(view));
      drawn = view;
    }
    fit(around, own.draw(ownView(lab)));
    setHidden(region, isAsked);
    setText(compared, compare(lab));
    const told = tell(lab);
    setText(said, isAsked ? "" : told);
    setText(cell, told);
    const count = now.trace[0]?.length ?? 0;
    setAttribute(grid, "aria-label", `Timetable: ${p} ranks, ${count} actions each. Arrows choose, Shift moves.`);
    setAttribute(grid, "aria-rowcount", String(p));
    setAttribute(grid, "aria-colcount", String(count));
    setAttribute(line, "aria-rowindex", String(state.rank + 1));
    setAttribute(cell, "aria-colindex", String(state.place + 1));
  });
  return h("div", { class: "pictures" }, compared, region, said, h("p", { class: "notice" }, HINT));
}

/** The box is as large as its picture, which flows over: an SVG of another size would be laid out anew, all of it. */
function fit({ style }: HTMLElement, [width, height]: [number, number]): void {
  if (style.width !== `${width}px`) style.width = `${width}px`;
  if (style.height !== `${height}px`) style.height = `${height}px`;
}

function listen(lab: PipelineReplay, grid: HTMLElement, region: HTMLElement): void {
  const { signal } = lab;
  const onKey = (event: KeyboardEvent): void => {
    const { p, now, state } = lab.reading;
    const isSideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    if (event.shiftKey && isSideways) {
      event.preventDefault();
      lab.move(event.key === "ArrowLeft" ? -1 : 1);
      return;
    }
    const next = cellAfter(event.key, [state.rank, state.place], [p, now.trace[0]?.length ?? 0]);
    if (!next) return;
    event.preventDefault();
    lab.change({ rank: next[0], place: next[1] });
    bringIntoView(lab, region, next);
  };
  const onClick = (event: MouseEvent): void => {
    const box = grid.getBoundingClientRect();
    const found = actionAt(lab, event.clientX - box.left, event.clientY - box.top);
    if (found) lab.change(found);
  };
  grid.addEventListener("keydown", onKey, { signal });
  grid.addEventListener("click", onClick, { signal });
}

/** Scroll sideways, and only where the action is out of sight. */
function bringIntoView({ reading }: PipelineReplay, region: HTMLElement, [rank, place]: [number, number]): void {
  const span = reading.now.trace[rank]?.[place];
  if (!span || region.scrollWidth <= region.clientWidth) return;
  const [left, right] = [span.start, span.end].map((at) => LEFT + at * scaleOf(reading));
  const { scrollLeft, clientWidth } = region;
  const isSeen = (left ?? 0) >= scrollLeft && (right ?? 0) <= scrollLeft + clientWidth;
  if (!isSeen) region.scrollLeft = (left ?? 0) - clientWidth / 2;
}

/** The action at a point of the picture, or near it. */
export function actionAt({ reading }: PipelineReplay, x: number, y: number): { rank: number; place: number } | null {
  const rank = Math.floor((y - TOP) / ROW);
  const scale = scaleOf(reading);
  const row = reading.now.trace[rank] ?? [];
  const gaps = row.map(({ start, end }) => Math.max(LEFT + start * scale - x, x - LEFT - end * scale, 0));
  const place = gaps.indexOf(Math.min(...gaps));
  return place >= 0 && (gaps[place] ?? 0) <= ANYWHERE ? { rank, place } : null;
}
