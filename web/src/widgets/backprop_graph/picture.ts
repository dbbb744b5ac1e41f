// The graph as boxes and arrows. A box is a button: pressed, its value is kept. Three pictures, of which one is shown.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { GraphNode } from "../../core/backprop";
import { type BackpropLab, graphOf, type Reading } from "./lab";
import { BOX, cornerOf, heightOf, lineOf, WIDTH } from "./layout";
import { equation, four, insideOf } from "./names";
import { whereabouts } from "./sentences";
import { GRAPHS, type GraphName, MOST_STEPS } from "./state";

const HIDDEN = { "aria-hidden": "true" };
const NAMED = { role: "group", "aria-label": "The graph: press a value to keep it" };
const HEAD = 4; // of an arrow, drawn with its line: a marker would need an id on the page

interface Box {
  element: SVGElement;
  arrows: SVGElement;
  draw(reading: Reading, place: number, isAsked: boolean): void;
}

export interface Picture {
  element: SVGElement;
  draw(lab: BackpropLab): void;
}

/** `onPress` is told the name of a value that can be kept; without it nothing can be pressed. */
export function picture({ source }: BackpropLab, onPress?: (name: string) => void, signal?: AbortSignal): Picture {
  const boxes = {} as Record<GraphName, Box[]>;
  const groups = GRAPHS.map((name) => {
    const graph = graphOf(source, name, MOST_STEPS);
    const inside = new Set(insideOf(graph));
    boxes[name] = graph.map((node) => {
      const from = node.inputs
        .flatMap((i) => graph[i]?.name ?? [])
        .filter((other) => name !== "chain" || other !== "w");
      const made = box(name, node, from);
      if (onPress && signal && inside.has(node.name)) pressable(made.element, () => onPress(node.name), signal);
      return made;
    });
    return svg("g", {}, ...boxes[name].map(({ arrows }) => arrows), ...boxes[name].map(({ element }) => element));
  });
  const role = onPress === undefined ? HIDDEN : NAMED;
  const whole = svg("svg", { class: "curve graph", focusable: "false", ...role }, ...groups);

  function draw({ reading, asked }: BackpropLab): void {
    const { graph, state } = reading;
    setAttribute(whole, "viewBox", `0 0 ${WIDTH} ${heightOf(state.graph, graph.length)}`);
    for (const [i, group] of groups.entries()) setShown(group, GRAPHS[i] === state.graph);
    for (const [place, one] of boxes[state.graph].entries()) {
      const isThere = place < graph.length;
      setShown(one.element, isThere);
      setShown(one.arrows, isThere);
      if (isThere) one.draw(reading, place, asked !== null);
    }
  }
  return { element: whole, draw };
}

function setShown(element: SVGElement, isShown: boolean): void {
  if (isShown) element.removeAttribute("hidden");
  else setAttribute(element, "hidden", "");
}

function pressable(element: SVGElement, onPress: () => void, signal: AbortSignal): void {
  for (const [name, value] of Object.entries({ role: "button", tabindex: "0", "data-lm-suppress-shortcuts": "true" })) {
    element.setAttribute(name, value);
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onPress();
  };
  element.addEventListener("click", onPress, { signal });
  element.addEventListener("keydown", onKey, { signal });
}

function box(graph: GraphName, node: GraphNode, from: string[]): Box {
  const [x, y] = cornerOf(graph, node.name);
  const middle = x + BOX.width / 2;
  const text = (className: string, down: number): SVGElement =>
    svg("text", { class: className, x: middle, y: y + down, "text-anchor": "middle" });
  const [title, value, gradient] = [text("title", 14), text("number", 28), text("gradient", 42)];
  const frame = svg("rect", { class: "box", x, y, width: BOX.width, height: BOX.height, rx: 5 });
  const pin = svg("circle", { class: "pin", cx: x + 1, cy: y + BOX.height - 1, r: 4 });
  const element = svg("g", { class: "node" }, frame, title, value, gradient, pin);
  const arrows = svg("path", {
    class: "arrow",
    d: from.map((other) => arrow(lineOf(graph, other, node.name))).join(""),
  });

  function draw(reading: Reading, place: number, isAsked: boolean): void {
    const shown = shownOf(reading, place, isAsked);
    setText(title, equation(reading.graph, node));
    setText(value, shown.where.startsWith("dropped") ? `(${shown.value})` : shown.value);
    setText(gradient, shown.gradient && `∂ ${shown.gradient}`);
    setAttribute(element, "class", shown.look);
    const isKept = reading.kept.has(place);
    setAttribute(pin, "visibility", isKept ? "visible" : "hidden");
    if (!element.hasAttribute("role")) return;
    setAttribute(element, "aria-label", labelOf(equation(reading.graph, node), shown));
    setAttribute(element, "aria-pressed", String(isKept));
  }
  return { element, arrows, draw };
}

interface Shown {
  where: string;
  /** Empty where there is none yet. */
  value: string;
  gradient: string;
  look: string;
}

function shownOf(reading: Reading, place: number, isAsked: boolean): Shown {
  const where = whereabouts(reading, place);
  const gradient = reading.gradients[place] ?? null;
  const told = isAsked ? "?" : four(gradient ?? 0);
  const now = reading.happened.at(-1)?.place === place ? " now" : "";
  return {
    where,
    value: where.startsWith("not") ? "" : four(reading.values[place] ?? 0),
    gradient: gradient === null ? "" : told,
    look: `node ${where.split(/[ ,]/, 1)[0]}${now}`,
  };
}

function labelOf(name: string, { where, value, gradient }: Shown): string {
  const parts = [name, value && `value ${value}`, gradient && `gradient ${gradient}`, where];
  return parts.filter(Boolean).join(", ");
}

/** A line with a head at its end. */
function arrow(line: string): string {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = (line.match(/-?[\d.]+/g) ?? []).map(Number);
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [ux, uy] = [((x1 - x0) / length) * HEAD, ((y1 - y0) / length) * HEAD];
  const at = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `${line}M${at(x1 - ux - uy * 0.7, y1 - uy + ux * 0.7)}L${at(x1, y1)}L${at(x1 - ux + uy * 0.7, y1 - uy - ux * 0.7)}`;
}
