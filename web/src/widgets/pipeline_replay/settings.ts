// What can be set, each with the line of Python it stands for; run one after the other they give the trace.

import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { type Run, traceOf } from "../../core/pipeline_runs";
import { PARTS, partsOf, SCHEDULES, type Schedule, scheduleOf } from "../../core/pipelines";
import { pythonLiteral } from "../../core/python";
import type { PipelineReplay } from "./lab";
import { runName, TITLES } from "./names";
import { EQUAL, MICROS, RANKS, type State } from "./state";

const CODE: Record<Schedule, string> = {
  gpipe: "orders = gpipe(p, m)",
  "1f1b": "orders = one_f_one_b(p, m)",
  interleaved: `orders = interleaved(p, m, ${PARTS})`,
};

export function settings(lab: PipelineReplay): HTMLElement {
  return h("div", { class: "controls" }, ranks(lab), micros(lab), schedule(lab), lengths(lab));
}

function ranks(lab: PipelineReplay): HTMLElement {
  const { element, update } = slider((value) => lab.change({ ranks: value, swaps: [] }), lab.signal);
  lab.onUpdate(() => {
    const { p, measured } = lab.reading;
    const code = `p = ${p}`;
    update({
      name: "Ranks",
      range: [...RANKS, 1],
      value: p,
      text: String(p),
      code,
      hidden: measured !== null,
    });
  });
  return element;
}

function micros(lab: PipelineReplay): HTMLElement {
  const { element, update } = slider((value) => lab.change({ micros: value, swaps: [] }), lab.signal);
  lab.onUpdate(() => {
    const { p, m, state } = lab.reading;
    const [least, most] = MICROS;
    const step = state.schedule === "interleaved" ? p : 1;
    update({
      name: "Micro-batches",
      range: [step === 1 ? least : p, most - (most % step), step],
      value: m,
      text: String(m),
      code: `m = ${m}`,
    });
  });
  return element;
}

function schedule(lab: PipelineReplay): HTMLElement {
  const { element, update } = select({
    name: "Schedule",
    options: [...SCHEDULES],
    nameOf: (option) => TITLES[option],
    onChange: (option) => lab.change({ schedule: option, swaps: [] }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.schedule, CODE[lab.state.schedule]));
  return element;
}

function lengths(lab: PipelineReplay): HTMLElement {
  const { runs } = lab.source;
  const { element, update } = select({
    name: "Lengths",
    options: [EQUAL, ...Object.keys(runs)],
    nameOf: runName,
    onChange: (option) => lab.change({ run: option, ...settingOf(lab, runs[option]) }),
    signal: lab.signal,
  });
  lab.onUpdate(() => update(lab.state.run, codeOf(lab)));
  return element;
}

function codeOf({ state: { run }, reading: { v } }: PipelineReplay): string {
  if (run !== EQUAL) return `trace = replay(orders, took=lengths_of(runs[${pythonLiteral(run)}], orders))`;
  return v === 1 ? "trace = replay(orders, 1.0, 2.0)" : `trace = replay(orders, 1 / ${v}, 2 / ${v})`;
}

/** A measured run opens in the order in which it was measured. */
function settingOf({ state }: PipelineReplay, run: Run | undefined): Partial<State> {
  if (!run) return { ranks: state.ranks };
  const { p, m } = run;
  return { ranks: p, micros: m, schedule: scheduleIn(run) ?? state.schedule, swaps: [], rank: 0, place: 0 };
}

/** The schedule that a run carried out. */
function scheduleIn(run: Run): Schedule | undefined {
  const measured = JSON.stringify(namesOf(traceOf(run)));
  const fitting = [...SCHEDULES].reverse().filter((one) => partsOf(one) === run.v);
  return fitting.find((one) => JSON.stringify(namesOf(scheduleOf(one, run.p, run.m))) === measured);
}

const namesOf = (rows: ReturnType<typeof scheduleOf>): string[][] =>
  rows.map((row) => row.map(({ kind, stage, micro }) => `${kind}${stage},${micro}`));
