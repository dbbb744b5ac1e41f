// Which values are kept until the way back: all, none, those that a rule reads, every second, or the reader's own choice.

import { type Graph, readBy } from "../../core/backprop";
import { insideOf } from "./names";
import type { Source, State } from "./state";

export const WAYS = ["all", "read", "none", "2", "3", "4", "own"] as const;
export type Way = (typeof WAYS)[number];

export const WAY_NAMES: Record<Way, string> = {
  all: "all (no checkpoints)",
  read: "what a rule reads",
  none: "none",
  "2": "every second",
  "3": "every third",
  "4": "every fourth",
  own: "your own choice",
};

/** The places of the values that are kept; names of another graph are not looked at. */
export function keptOf(graph: Graph, { checkpoints, keep }: State): Set<number> {
  const inside = new Set(insideOf(graph));
  const isKept = ({ name }: { name: string }): boolean => inside.has(name) && (!checkpoints || keep.includes(name));
  return new Set([...graph.keys()].filter((place) => isKept(graph[place] ?? { name: "" })));
}

/** The names that are kept in this way, of the whole graph: a chain that grows has them, too. */
export function namesOf(way: Way, whole: Graph, source: Source): string[] {
  const inside = insideOf(whole);
  if (way === "all" || way === "own") return inside;
  if (way === "none") return [];
  if (way !== "read") return inside.filter((_, i) => (i + 1) % Number(way) === 0);
  const read = new Set([...whole.keys()].flatMap((place) => [...readBy(whole, source.reads, place)]));
  return inside.filter((name) => read.has(whole.findIndex((node) => node.name === name)));
}

/** What is set, when the names of this graph are to be kept in this way; those of other graphs stay. */
export function settingOf(
  names: readonly string[],
  whole: Graph,
  { keep }: State,
): Pick<State, "checkpoints" | "keep"> {
  const own = new Set(insideOf(whole));
  return { checkpoints: true, keep: [...keep.filter((name) => !own.has(name)), ...names] };
}

/** The way in which values are kept: the first that would keep the same here. */
export function wayOf(state: State, graph: Graph, whole: Graph, source: Source): Way {
  return WAYS.find((way) => isWay(way, state, graph, whole, source)) ?? "own";
}

function isWay(way: Way, state: State, graph: Graph, whole: Graph, source: Source): boolean {
  if (way === "all" || !state.checkpoints) return way === "all" && !state.checkpoints;
  const here = insideOf(graph);
  const names = new Set(namesOf(way, whole, source));
  return way === "own" || here.every((name) => names.has(name) === state.keep.includes(name));
}
