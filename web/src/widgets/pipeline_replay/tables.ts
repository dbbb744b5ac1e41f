// What is counted, a row for each rank; and the twins of the pictures, which unfold.

import { h } from "../../controls/element";
import { scrollRegion, table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { setAttribute, setHidden, setText } from "../../controls/write";
import type { Trace } from "../../core/pipelines";
import type { PipelineReplay } from "./lab";
import { actionName, percent, time, unitOf } from "./names";
import { RANKS } from "./state";

export const HEADINGS = ["rank", "waits", "holds at most", "waited, measured"];

/** Rows stay, only their texts change. */
export function counters(lab: PipelineReplay): HTMLElement {
  const rows = table(HEADINGS, Array<string[]>(RANKS[1] + 1).fill(["", "", "", ""]));
  const region = scrollRegion("Waiting and memory, a row for each rank");
  region.append(rows);
  const lines = [...rows.querySelectorAll<HTMLElement>("tbody tr")];
  const cells = lines.map((line) => [...line.children]);
  lab.onUpdate(() => {
    const shown = counterRows(lab);
    for (const [i, line] of lines.entries()) {
      setHidden(line, i >= shown.length);
      setAttribute(line, "class", i === lab.state.rank ? "chosen" : "");
      for (const [j, cell] of (cells[i] ?? []).entries()) setText(cell, shown[i]?.[j] ?? "");
    }
  });
  return h("div", { class: "counters" }, region);
}

export function counterRows({ reading, asked }: PipelineReplay): string[][] {
  const { now, measured, v } = reading;
  const held = (count: number): string => (v > 1 ? `${count} halves` : String(count));
  const share = (value: number | undefined): string => (value === undefined ? "–" : percent(value));
  const rows = now.idle.map((idle, rank) => [
    `${rank}`,
    share(idle),
    held(now.held[rank] ?? 0),
    share(measured?.idle[rank]),
  ]);
  rows.push(["all", share(now.bubble), held(Math.max(...now.held)), share(measured?.bubble)]);
  return asked ? rows.map(([name = ""]) => [name, "?", "?", "?"]) : rows;
}

export function timesTable(lab: PipelineReplay): HTMLElement {
  return unfolding(lab, "The timetable as a table", () => [timesOf(lab, lab.reading.now.trace)]);
}

export function measuredTable(lab: PipelineReplay): HTMLElement {
  return unfolding(lab, "The measured trace as a table", () => {
    const { measured } = lab.reading;
    return [measured ? timesOf(lab, measured.trace) : h("p", { class: "notice" }, "Choose measured lengths first.")];
  });
}

function timesOf({ reading, asked }: PipelineReplay, trace: Trace): HTMLElement {
  if (asked) return h("p", { class: "notice" }, "Answer first.");
  const rows = trace.flatMap((row, rank) =>
    row.map((span, place) => {
      const waited = span.start - (row[place - 1]?.end ?? 0);
      return [actionName(span, reading), String(rank), ...[span.start, span.end, waited].map(time)];
    }),
  );
  const unit = unitOf(reading.state.run);
  return table(["action", "rank", `begins, ${unit}`, "ends", "rank waited before"], rows);
}
