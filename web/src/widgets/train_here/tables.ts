// The curves' twin: the losses as a table.

import { details } from "../../controls/details";
import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { fixed } from "../../core/format";
import type { RunRecord } from "./run_record";
import type { Trainer } from "./trainer";

const HEADINGS = ["step", "learned from", "held out", "before: learned from", "before: held out"];

export function lossTable(trainer: Trainer): HTMLElement {
  const region = scrollRegion("The curves as a table");
  const note = h("p", { class: "notice" }, "Nats a character; learned from: the mean of the 25 steps up to this one.");
  const part = details({
    title: "The curves as a table",
    children: [note, region],
    fill: () => region.replaceChildren(tableOfLosses(trainer)),
    signal: trainer.signal,
  });
  trainer.onUpdate(part.update);
  return part.element;
}

/** At most so many rows, spread over the run; all of them where it is not said. */
export function tableOfLosses({ run, ghost }: Trainer, most = Number.POSITIVE_INFINITY): HTMLTableElement {
  const steps = [...new Set([...(run?.heldOut ?? []), ...(ghost?.heldOut ?? [])].map(([step]) => step))];
  steps.sort((a, b) => a - b);
  const every = Math.ceil(steps.length / most) || 1;
  const kept = steps.filter((_, i) => (steps.length - 1 - i) % every === 0);
  const of = (one: RunRecord | null, step: number): string[] => [
    text(one?.trainingAt(step), step <= (one?.step ?? -1)),
    text(one?.heldOutAt(step), true),
  ];
  const rows = kept.map((step) => [String(step), ...of(run, step), ...(ghost ? of(ghost, step) : [])]);
  return table(ghost ? HEADINGS : HEADINGS.slice(0, 3), rows);
}

const text = (loss: number | undefined, isDone: boolean): string =>
  loss === undefined || !isDone ? "–" : fixed(loss, 3);
