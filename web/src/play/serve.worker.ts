// The one who computes: opens a stored model and does one task after another, in slices, so that a newer request can
// overtake. The build makes this module one function that needs nothing around it: its text is a worker's whole script.

import { openModel } from "../core/models/open";
import { pause } from "./pause";
import type { Answer, Ask, Port } from "./port";
import { tasksOf } from "./tasks";
import { unpack } from "./unpack";

const SLICE_MS = 12;

export default function serve(port: Port): void {
  let tasks: ReturnType<typeof tasksOf> | undefined;
  let latest = 0;

  const say = (words: Answer): void => port.postMessage(words, []);

  async function work(id: number, steps: Generator<unknown, unknown>): Promise<void> {
    let began = performance.now();
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        say({ id, result: step.value });
        return;
      }
      if (step.value !== undefined) say({ id, part: step.value });
      if (performance.now() - began < SLICE_MS) continue;
      await pause();
      if (latest !== id) return;
      began = performance.now();
    }
  }

  async function answer(ask: Ask): Promise<void> {
    latest = ask.id;
    try {
      if ("open" in ask) {
        tasks = tasksOf(openModel(unpack(ask.open)));
        say({ id: ask.id, result: tasks.about });
      } else if ("task" in ask) {
        const task = tasks?.all[ask.task];
        if (!task) throw new Error(`nobody can ${ask.task} here`);
        await work(ask.id, task(ask.request));
      }
    } catch (error) {
      say({ id: ask.id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  port.onmessage = ({ data }: MessageEvent<Ask>) => answer(data);
  port.postMessage("ready", []);
}
