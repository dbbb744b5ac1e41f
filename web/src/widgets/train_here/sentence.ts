// The sentence that says how the run stands, to be read; at every tenth of the run it is spoken too.

import { h } from "../../controls/element";
import { liveRegion } from "../../controls/live_region";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import type { RunRecord } from "./run_record";
import type { Trainer } from "./trainer";

const TENTHS = 10;

export function sentence(trainer: Trainer): HTMLElement[] {
  const element = h("p", { class: "sentence" });
  const live = liveRegion(trainer.signal);
  let spoken = "";
  trainer.onUpdate(() => {
    const text = describe(trainer);
    setText(element, text);
    const { run, isRunning, trouble } = trainer;
    const tenth = Math.floor((TENTHS * (run?.step ?? 0)) / trainer.state.steps);
    const now = [run?.number, isRunning && tenth, isRunning, trouble, trainer.isFresh].join();
    if (now !== spoken) live.announce(text);
    spoken = now;
  });
  return [element, live.element];
}

export function describe(trainer: Trainer): string {
  const { run, isFresh, isRunning, trouble, known } = trainer;
  if (typeof known === "string") return "There is nothing to learn yet: see below your text.";
  if (trouble && !isFresh)
    return `It stopped. ${trouble[0]?.toUpperCase()}${trouble.slice(1)}. The curve ends before it.`;
  if (!run)
    return `Nothing is learned yet: at first every one of ${known.prepared.letters.length} characters is about as likely as any other.`;
  if (isFresh) return "The settings are others now: to start is to begin another run, and this one stays as a ghost.";
  const speed = run.rate >= 10 ? Math.round(run.rate) : fixed(run.rate, 1);
  const pace = isRunning && run.rate > 0 ? `, ${speed} steps a second` : "";
  const loss = Number.isNaN(run.latest) ? "" : ` Held-out loss ${fixed(run.latest, 3)} nats a character: ${rank(run)}.`;
  return `Step ${run.step.toLocaleString("en")} of ${run.settings.steps.toLocaleString("en")}${pace}.${loss}`;
}

/** Whom the model is better than. */
function rank({ latest, frequencies: { nothing, unigram, bigram } }: RunRecord): string {
  if (latest > nothing + 0.2) return "worse than knowing nothing, as happens where the learning rate is too large";
  if (latest > unigram) return "not yet better than counting letters";
  if (latest > bigram) return "better than counting letters, not yet better than counting pairs of letters";
  return "better than counting pairs of letters";
}
