// Start, pause, one step, and back to the beginning.

import { button } from "../../controls/button";
import { setText } from "../../controls/write";
import type { Trainer } from "./trainer";

export function runButtons(trainer: Trainer): HTMLButtonElement[] {
  const toggle = (): Promise<void> => (trainer.isRunning ? trainer.pause() : trainer.start());
  const start = button("Start", toggle, trainer.signal);
  const step = button("One step", () => trainer.stepOnce(), trainer.signal);
  trainer.onUpdate(() => {
    const cannot =
      typeof trainer.known === "string" || trainer.isDone || (trainer.trouble !== null && !trainer.isFresh);
    setText(start, nameOf(trainer));
    start.disabled = cannot;
    step.disabled = cannot || trainer.isRunning;
  });
  return [start, step];
}

function nameOf({ isRunning, isFresh, isDone, run }: Trainer): string {
  if (isRunning) return "Pause";
  if (isDone) return "Done";
  if (run && isFresh) return "Start another";
  return run && run.step > 0 ? "Go on" : "Start";
}
