// What is counted, and what unfolds: the nodes, all that happens, and what other choices would cost.

import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { setText } from "../../controls/write";
import { peakOf, recomputedIn, stepsOf } from "../../core/backprop";
import { keptOf, namesOf, settingOf, WAY_NAMES, WAYS, wayOf } from "./keeping";
import { type BackpropLab, graphOf } from "./lab";
import { equation, four, named, written } from "./names";
import { KINDS, whereabouts } from "./sentences";
import { MOST_STEPS } from "./state";

export const HEADINGS = ["counted", "so far", "in all"];

/** Rows stay, only their texts change. */
export function counters(lab: BackpropLab): HTMLElement {
  const rows = table(HEADINGS, counterRows(lab));
  const region = scrollRegion("What is counted");
  region.append(rows);
  const cells = [...rows.querySelectorAll("tbody :is(th, td)")];
  lab.onUpdate(() => {
    const texts = counterRows(lab).flat();
    for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? "");
  });
  return h("div", { class: "counters" }, h("div", { class: "caption" }, "What it costs"), region);
}

export function counterRows({ reading, asked }: BackpropLab): string[][] {
  const { soFar, inAll, happened, steps } = reading;
  const rows: [string, number, number | string][] = [
    ["values held now, inputs aside", soFar.now, "–"],
    ["the most held at once", soFar.most, inAll.most],
    ["operations computed again", soFar.again, inAll.again],
    ["steps", happened.length, steps.length],
  ];
  return rows.map(([name, ...found]) => [name, ...found.map((one) => (asked ? "?" : String(one)))]);
}

export const NODE_HEADINGS = ["node", "computed as", "value", "gradient", "in memory"];

export function nodesTable(lab: BackpropLab): HTMLElement {
  return unfolding(lab, "The graph as a table", () => [table(NODE_HEADINGS, nodeRows(lab))]);
}

export function nodeRows({ reading, asked }: BackpropLab): string[][] {
  const { graph, values, gradients } = reading;
  return graph.map((node, place) => {
    const where = whereabouts(reading, place);
    const slope = gradients[place] ?? null;
    const told = asked ? "?" : four(slope ?? 0);
    return [
      named(node.name),
      written(graph, node) || "input",
      where.startsWith("not") ? "–" : four(values[place] ?? 0),
      slope === null ? "–" : told,
      where,
    ];
  });
}

export function stepsTable(lab: BackpropLab): HTMLElement {
  return unfolding(lab, "Every step, counted", () => {
    const { graph, steps } = lab.reading;
    const rows = steps.map(({ kind, place, held, most }, i) => {
      const node = graph[place];
      const counts = [held.size, most].map((count) => (lab.asked ? "?" : String(count)));
      return [String(i + 1), lab.asked ? "?" : `${KINDS[kind]}: ${node ? equation(graph, node) : ""}`, ...counts];
    });
    return [table(["step", "what happens", "held after it", "held meanwhile"], lab.asked ? [] : rows)];
  });
}

export function choicesTable(lab: BackpropLab): HTMLElement {
  return unfolding(lab, "Other choices, counted", () => [choices(lab)]);
}

/** Each way to keep values; marked is the one that is set. */
function choices({ source, state, reading: { graph, kept }, asked }: BackpropLab): HTMLTableElement {
  const whole = graphOf(source, state.graph, MOST_STEPS);
  const now = wayOf(state, graph, whole, source);
  const rows = WAYS.map((way) => {
    const all = { ...state, checkpoints: false };
    const set = way === "all" ? all : { ...state, ...settingOf(namesOf(way, whole, source), whole, state) };
    const places = way === "own" ? kept : keptOf(graph, set);
    const steps = stepsOf(graph, source.reads, places);
    const mark = way === now ? "▸ " : "";
    const counts = [places.size, peakOf(steps), recomputedIn(steps)];
    return [`${mark}${WAY_NAMES[way]}`, ...counts.map((count) => (asked ? "?" : String(count)))];
  });
  return table(["kept", "values kept", "the most held at once", "computed again"], rows);
}
