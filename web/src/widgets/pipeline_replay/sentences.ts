// What the timetable says in words.

import type { PipelineReplay } from "./lab";
import { actionName, counted, percent, settingName, TITLES, time, timeOf } from "./names";
import { chosenOf } from "./replaying";

const QUESTIONS = {
  bubble: "Which has the larger bubble, if a rank's forward takes 1 and its backward 2?",
  held: "Where does the rank that holds most hold more micro-batches? (Forwards of half a rank count half.)",
};

export function describe(lab: PipelineReplay): string {
  if (lab.asked) {
    const [a, b] = lab.asked.pair.map(settingName);
    return `${QUESTIONS[lab.asked.measure]} A: ${a}. B: ${b}.`;
  }
  const { state, p, m, v, now, base, formula } = lab.reading;
  const moves = base ? `, ${counted(state.swaps.length, "move")} of yours` : "";
  const what = `${TITLES[state.schedule]}${moves}, ${p} ranks, ${counted(m, "micro-batch")}`;
  const said = base ? `; ${percent(base.bubble)} before your moves` : "";
  const share = `(p − 1) / (${v > 1 ? `${v} m` : "m"} + p − 1) = ${percent(formula)}`;
  const least = Math.max(...now.held);
  const rank = now.held.indexOf(least);
  const held = `${counted(least, v > 1 ? "forward" : "micro-batch")}${v > 1 ? " of half a rank" : ""}`;
  return `${what.slice(0, 1).toUpperCase()}${what.slice(1)}: done after ${timeOf(now.whole, state.run)}. The bubble is ${percent(now.bubble)}${said}; ${share} for equal stages. Most is held on rank ${rank}: ${held}.`;
}

/** The chosen action: when it runs, and what it waits for. */
export function tell(lab: PipelineReplay): string {
  const { reading } = lab;
  const { state, now } = reading;
  const { span, free, needs } = chosenOf(reading);
  const name = `${actionName(span, reading)} on rank ${state.rank}, ${state.place + 1} of ${now.trace[state.rank]?.length ?? 0}`;
  const when = `from ${time(span.start)} to ${timeOf(span.end, state.run)}`;
  const list = needs.map((need) => {
    const where = need.rank === state.rank ? "here" : `on rank ${need.rank}`;
    return `${actionName(need, reading)} ${where} (${time(need.end)})`;
  });
  const waited = span.start - free;
  const idle = waited > 1e-9 ? `The rank was free at ${time(free)} and waited ${timeOf(waited, state.run)}.` : "";
  const after = list.length ? `It needs ${list.join(" and ")}.` : "It needs nothing.";
  return `${name}: ${when}. ${after} ${idle || "The rank did not wait."}`;
}

/** What was measured, beside what the same lengths give without messages. */
export function compare({ reading: { measured, now, state }, source }: PipelineReplay): string {
  if (!measured) return "";
  const run = source.runs[state.run];
  const kind = run?.kind === "waits" ? "actions that waited" : "products of matrices";
  const own = `${run?.p} processes on ${source.cores} cores, ${kind}, ${source.day}`;
  return `Measured (${own}): ${timeOf(measured.whole, state.run)}, bubble ${percent(measured.bubble)}. Below, the same lengths in your order, where messages take no time: ${timeOf(now.whole, state.run)}, ${percent(now.bubble)}.`;
}
