// The curves: training and held-out loss of the run, those of the one before as a ghost, and three who only count.

import { h, svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import { fixed } from "../../core/format";
import type { RunRecord } from "./run_record";
import { differences, settingsOf } from "./state";
import type { Trainer } from "./trainer";

const LEFT = 34;
const TOP = 10;
const WIDTH = 340;
const HEIGHT = 190;
const POINTS = 120; // of the training curve: means of so many steps that it has no more

/** What is drawn, in the order of the legend; each has its own colour and its own dash. */
export const LINES = {
  training: "learned from",
  held: "held out",
  ghost_training: "the run before, learned from",
  ghost_held: "the run before, held out",
  nothing: "knowing nothing",
  unigram: "counting letters",
  bigram: "counting pairs",
} as const;
export type Line = keyof typeof LINES;
const NAMES = Object.keys(LINES) as Line[];

export interface Chart {
  element: SVGElement;
  draw(view: ChartView): void;
}

export interface ChartView {
  run: RunRecord | null;
  ghost: RunRecord | null;
  steps: number;
  levels: { nothing: number; unigram: number; bigram: number };
}

/** The largest loss that is drawn: a little above what it costs to know nothing. */
export const topOf = ({ nothing }: ChartView["levels"]): number => Math.ceil(nothing * 2.2) / 2;

export function viewOf({ run, ghost, known, state }: Trainer): ChartView | null {
  const levels = run?.frequencies ?? (typeof known === "string" ? null : known.frequencies);
  if (!levels) return null;
  const steps = Math.max(state.steps, run?.settings.steps ?? 0, ghost?.settings.steps ?? 0);
  return { run, ghost, steps, levels };
}

export function chart(): Chart {
  const paths = NAMES.map((name) => svg("path", { class: `line ${name}` }));
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  const right = svg("text", { x: LEFT + WIDTH, y: TOP + HEIGHT + 16, "text-anchor": "end" });
  const high = svg("text", { class: "high", x: LEFT - 5, y: TOP + 9, "text-anchor": "end" });
  const texts = [
    svg("text", { x: LEFT - 5, y: TOP + HEIGHT, "text-anchor": "end" }, "0"),
    svg("text", { x: LEFT, y: TOP + HEIGHT + 16 }, "step 0"),
    right,
    high,
  ];
  const size = `0 0 ${LEFT + WIDTH + 6} ${TOP + HEIGHT + 22}`;
  const attributes = { class: "chart", viewBox: size, "aria-hidden": "true", focusable: "false" };
  const element = svg("svg", attributes, frame, ...texts, ...paths);

  function draw(view: ChartView): void {
    const top = topOf(view.levels);
    const at = ([step, loss]: [number, number]): string => {
      const y = TOP + (1 - Math.min(loss, top) / top) * HEIGHT;
      return `${(LEFT + (step / view.steps) * WIDTH).toFixed(1)} ${y.toFixed(1)}`;
    };
    for (const [i, name] of NAMES.entries()) {
      const points = pointsOf(name, view);
      const path = paths[i];
      if (path) setAttribute(path, "d", points.length ? `M${points.map(at).join("L")}` : "");
    }
    setText(right, view.steps.toLocaleString("en"));
    setText(high, fixed(top, 1));
  }
  return { element, draw };
}

function pointsOf(name: Line, { run, ghost, steps, levels }: ChartView): [number, number][] {
  switch (name) {
    case "training":
      return run ? means(run) : [];
    case "held":
      return run?.heldOut ?? [];
    case "ghost_training":
      return ghost ? means(ghost) : [];
    case "ghost_held":
      return ghost?.heldOut ?? [];
    default:
      return [
        [0, levels[name]],
        [steps, levels[name]],
      ];
  }
}

/** The training losses, each point the mean of a few steps. */
function means({ losses, settings }: RunRecord): [number, number][] {
  const size = Math.ceil(settings.steps / POINTS);
  return Array.from({ length: Math.floor(losses.length / size) }, (_, i) => {
    const some = losses.slice(i * size, (i + 1) * size);
    return [(i + 0.5) * size, some.reduce((sum, loss) => sum + loss, 0) / size];
  });
}

export function figure(trainer: Trainer): HTMLElement {
  const picture = chart();
  const legend = h("ul", { class: "legend" });
  const items = NAMES.map((name) => legendItem(name));
  legend.append(...items.map(({ element }) => element));
  const caption = h("div", { class: "caption" }, "Loss in nats a character, the lower the better");
  const ghostly = h("p", { class: "notice ghostly" });
  let drawn = "";
  trainer.onUpdate(() => {
    const view = viewOf(trainer);
    if (!view) return;
    const { run, ghost, levels, steps } = view;
    const now = [run?.number, run?.losses.length, run?.heldOut.length, ghost?.number, steps, ...Object.values(levels)];
    if (drawn !== now.join()) picture.draw(view);
    drawn = now.join();
    for (const [i, name] of NAMES.entries()) items[i]?.update(view, name);
    setText(ghostly, describeGhost(trainer));
  });
  const row = h("div", { class: "curves" }, picture.element, legend);
  return h("div", { class: "losses" }, caption, row, ghostly);
}

function legendItem(name: Line): { element: HTMLElement; update(view: ChartView, name: Line): void } {
  const swatch = svg("svg", { viewBox: "0 0 28 10", "aria-hidden": "true", focusable: "false" });
  swatch.append(svg("path", { class: `line ${name}`, d: "M0 5L28 5" }));
  const text = h("span");
  const element = h("li", {}, swatch, text);
  return {
    element,
    update(view, which) {
      const last = pointsOf(which, view).at(-1);
      const isGhost = which === "ghost_training" || which === "ghost_held";
      element.hidden = isGhost && !view.ghost;
      setText(text, last ? `${LINES[which]}: ${fixed(last[1], 2)}` : LINES[which]);
    },
  };
}

/** In what the ghost's settings differ. */
export function describeGhost({ run, ghost, state }: Trainer): string {
  if (!ghost) return "";
  const settings = run?.settings ?? settingsOf(state);
  const all = differences(ghost.settings, settings);
  if (run && run.text !== ghost.text) all.push("another text");
  return all.length ? `From the run before to this one: ${all.join(", ")}.` : "The run before had the same settings.";
}
