// The graph as boxes and arrows. A box is a button: pressed, its value is kept. Boxes are made once and shown as needed.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { Graph, GraphNode } from "../../core/backprop";
import { type BackpropLab, graphOf, type Reading } from "./lab";
import { BOX, cornerOf, heightOf, lineOf, WIDTH } from "./layout";
import { equation, four, insideOf } from "./names";
import { whereabouts } from "./sentences";
import { GRAPHS, type GraphName, MOST_STEPS } from "./state";

const HIDDEN = { "aria-hidden": "true" };
const NAMED = { role: "group", "aria-label": "The graph: press a value to keep or drop it" };
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
  const boxes = Object.fromEntries(
    GRAPHS.map((name) => {
      const graph = graphOf(source, name, MOST_STEPS);
      const inside = new Set(insideOf(graph));
      const made = graph.map((node) => box(name, graph, node));
      for (const [place, { name: node }] of graph.entries()) {
        const one = made[place];
        if (one && onPress && signal && inside.has(node)) pressable(one.element, () => onPress(node), signal);
      }
      return [name, made];
    }),
  );
  const role = onPress === undefined ? HIDDEN : NAMED;
  const element = svg("svg", { class: "curve graph", focusable: "false", ...role });
  let drawn = "";

  function draw({ reading, asked }: BackpropLab): void {
    const { graph, state } = reading;
    const shown = (boxes[state.graph] ?? []).slice(0, graph.length);
    const now = `${state.graph} ${graph.length}`;
    if (now !== drawn) {
      drawn = now;
      element.replaceChildren(...shown.map(({ arrows }) => arrows), ...shown.map((one) => one.element));
      setAttribute(element, "viewBox", `0 0 ${WIDTH} ${heightOf(state.graph, graph.length)}`);
    }
    for (const [place, one] of shown.entries()) one.draw(reading, place, asked !== null);
  }
  return { element, draw };
}

function pressable(element: SVGElement, onPress: () => void, signal: AbortSignal): void {
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onPress();
  };
  element.addEventListener("click", onPress, { signal });
  element.addEventListener("keydown", onKey, { signal });
}

/** What can be pressed is a button, unless the chain now ends with it. */
function setButton(element: SVGElement, isButton: boolean, label: string, isPressed: boolean): void {
  const attributes = { role: "button", tabindex: "0", "aria-label": label, "aria-pressed": String(isPressed) };
  for (const [name, value] of Object.entries(attributes)) {
    if (isButton) setAttribute(element, name, value);
    else element.removeAttribute(name);
  }
}

function box(name: GraphName, graph: Graph, node: GraphNode): Box {
  const [x, y] = cornerOf(name, node.name);
  const from = node.inputs.flatMap((i) => graph[i]?.name ?? []).filter((other) => name !== "chain" || other !== "w");
  const middle = x + BOX.width / 2;
  const text = (className: string, down: number): SVGElement =>
    svg("text", { class: className, x: middle, y: y + down, "text-anchor": "middle" });
  const [title, value, gradient] = [text("title", 14), text("number", 28), text("gradient", 42)];
  const frame = svg("rect", { class: "box", x, y, width: BOX.width, height: BOX.height, rx: 5 });
  const pin = svg("circle", { class: "pin", cx: x + 1, cy: y + BOX.height - 1, r: 4 });
  const element = svg("g", { class: "node" }, frame, title, value, gradient, pin);
  const arrows = svg("path", {
    class: "arrow",
    d: from.map((other) => arrow(lineOf(name, other, node.name))).join(""),
  });

  function draw(reading: Reading, place: number, isAsked: boolean): void {
    const { where, look, texts } = shownOf(reading, place, isAsked);
    // With spaces between, for whoever reads them in a row.
    for (const [i, part] of [title, value, gradient].entries()) setText(part, `${texts[i]} `);
    setAttribute(element, "class", look);
    const isKept = reading.kept.has(place);
    setAttribute(pin, "visibility", isKept ? "visible" : "hidden");
    const isButton = element.hasAttribute("data-lm-suppress-shortcuts") && place < reading.graph.length - 1;
    setButton(element, isButton, `${texts.filter(Boolean).join(" ")}, ${where}`, isKept);
  }
  return { element, arrows, draw };
}

interface Shown {
  where: string;
  look: string;
  /** The equation, the value and the gradient: empty where there is none yet. */
  texts: [string, string, string];
}

function shownOf(reading: Reading, place: number, isAsked: boolean): Shown {
  const { graph, values, gradients, happened } = reading;
  const node = graph[place];
  const where = whereabouts(reading, place);
  const known = where.startsWith("not") ? "" : four(values[place] ?? 0);
  const come = gradients[place] ?? null;
  const told = isAsked ? "?" : four(come ?? 0);
  const now = happened.at(-1)?.place === place ? " now" : "";
  return {
    where,
    look: `node ${where.split(/[ ,]/, 1)[0]}${now}`,
    texts: [
      node ? equation(graph, node) : "",
      where.startsWith("d") ? `(${known})` : known, // dropped, or done
      come === null ? "" : `∂ ${told}`,
    ],
  };
}

/** A line with a head at its end. */
function arrow(line: string): string {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = (line.match(/-?[\d.]+/g) ?? []).map(Number);
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [ux, uy] = [((x1 - x0) / length) * HEAD, ((y1 - y0) / length) * HEAD];
  const at = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `${line}M${at(x1 - ux - uy * 0.7, y1 - uy + ux * 0.7)}L${at(x1, y1)}L${at(x1 - ux + uy * 0.7, y1 - uy - ux * 0.7)}`;
}
