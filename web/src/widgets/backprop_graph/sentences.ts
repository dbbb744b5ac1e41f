// What happens, in words: the last step, its numbers, and what is counted.

import { type Step, slopesOf } from "../../core/backprop";
import type { BackpropLab, Counts, Reading } from "./lab";
import { equation, four, named, values } from "./names";

export const KINDS: Record<Step["kind"], string> = {
  there: "the way there",
  again: "computed again",
  back: "the way back",
};

export function describe({ asked, reading }: BackpropLab): string {
  if (asked) return asked.text;
  const { happened, steps, soFar } = reading;
  const step = happened.at(-1);
  if (!step) return "Nothing is computed yet. The inputs are there; press One step, or Play.";
  const start = `Step ${happened.length} of ${steps.length}, ${KINDS[step.kind]}:`;
  const done = step.kind === "back" ? sentBack(reading, step.place) : `${computed(reading, step.place)}.`;
  return `${start} ${done} ${counted(soFar)}`;
}

export function counted({ now, most, again }: Counts): string {
  return `${values(now)} held, ${most} at most so far; ${again} computed again.`;
}

function computed({ graph, values: found }: Reading, place: number): string {
  const node = graph[place];
  return node ? `${equation(graph, node)} = ${four(found[place] ?? 0)}` : "";
}

/** The shares that a node gives to its inputs. */
function sentBack({ graph, values: found, gradients, all }: Reading, place: number): string {
  const node = graph[place];
  if (!node) return "";
  const own = all[place] ?? 0;
  const slopes = slopesOf(graph, found, place);
  const shares = node.inputs.map((i, n) => {
    const slope = slopes[n] ?? 0;
    const sum = gradients[i] ?? 0;
    const share = own * slope;
    const more = four(sum) === four(share) ? "" : `, in all ${four(sum)}`;
    return `${named(graph[i]?.name ?? "")} gets ${four(own)} · ${signed(slope)} = ${four(share)}${more}`;
  });
  return `${named(node.name)} has the gradient ${four(own)} and hands it on: ${shares.join("; ")}.`;
}

const signed = (x: number): string => (x < 0 ? `(${four(x)})` : four(x));

/** Where a value is, and whether it will be kept until the way back. */
export function whereabouts({ graph, happened, kept }: Reading, place: number): string {
  if (!graph[place]?.operation) return "input";
  const own = happened.filter((step) => step.place === place);
  if (own.at(-1)?.kind === "back") return "done";
  const pin = kept.has(place) ? ", to be kept" : "";
  if (happened.at(-1)?.held.has(place)) return `held${pin}`;
  return `${own.length > 0 ? "dropped" : "not computed"}${pin}`;
}
