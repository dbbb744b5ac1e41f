// Tasks done in slices, so that a newer request can overtake, and a page that computes itself stays alive.

import { pause } from "./pause";
import type { Answer, Ask, Port } from "./port";

export interface Tasks {
  /** What the widget is told of the model it has opened. */
  about: unknown;
  /** Each step of a task yields nothing, or some of the answer; what it returns is the answer. */
  all: Record<string, (request: unknown) => Generator<unknown, unknown>>;
}

interface Tasked {
  /** The tasks of a stored model. */
  open?(bytes: Uint8Array<ArrayBuffer>): Tasks;
  /** Tasks that need none. */
  tasks?: Tasks;
}

const SLICE_MS = 12;

/** Answer whatever comes through the port, the newest request alone. */
export function answerTasks(port: Port, { open, tasks: first }: Tasked): void {
  let tasks = first;
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
        tasks = open?.(ask.open);
        say({ id: ask.id, result: tasks?.about });
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
