// The one who trains: goes on with a run until a step, and reports. The build makes this module one function that needs
// nothing around it: its text is a worker's whole script.

import { prepare, Run } from "../../core/training";
import type { Prepared } from "../../core/training/text";
import type { Port } from "../../play/port";
import { answerTasks } from "../../play/slices";
import { BATCH, EVERY, PIECE } from "./state";
import type { Report, TrainRequest } from "./tasks";

const SAMPLES = 10; // a run
const WRITTEN = 120; // characters

interface Session {
  number: number;
  run: Run;
  text: Prepared;
  losses: number[];
  heldOut: [step: number, loss: number][];
  samples: [step: number, text: string][];
}

function* begin({ run: number, text, settings }: TrainRequest): Generator<undefined, Session> {
  const { d_model, n_heads, n_layers, length, lr, steps, seed } = settings;
  const prepared = prepare(text, length);
  yield;
  const sizes = { vocab: prepared.letters.length, width: d_model, heads: n_heads, layers: n_layers, length };
  const run = new Run(prepared, sizes, { lr, steps, seed, batch: BATCH });
  yield;
  return { number, run, text: prepared, losses: [], heldOut: [], samples: [] };
}

export default function serve(port: Port): void {
  let session: Session | undefined;

  function* train(request: TrainRequest): Generator<Report | undefined, Report> {
    if (session?.number !== request.run) session = yield* begin(request);
    const { known, look, until, pace } = request;
    const here = session;
    let began = performance.now();
    let from = here.run.step;
    const report = (): Report => {
      const seconds = (performance.now() - began) / 1000;
      const rate = here.run.step > from ? (here.run.step - from) / seconds : 0;
      const news = { losses: here.losses, heldOut: here.heldOut, samples: here.samples };
      const fresh = {
        losses: news.losses.slice(known.losses),
        heldOut: news.heldOut.slice(known.heldOut),
        samples: news.samples.slice(known.samples),
      };
      Object.assign(known, { losses: here.losses.length, heldOut: here.heldOut.length, samples: here.samples.length });
      began = performance.now();
      from = here.run.step;
      return { step: here.run.step, ...fresh, attention: attentionOf(here, look), rate };
    };

    yield* measure(here);
    while (here.run.step < until) {
      here.losses.push(yield* here.run.next());
      yield* measure(here);
      if (performance.now() - began > pace) yield report();
    }
    return report();
  }
  answerTasks(port, { tasks: { about: null, all: { train: (request) => train(request as TrainRequest) } } });
}

/** At set steps: the held-out loss, and what the model writes; done once, however often it was begun. */
function* measure({ run, heldOut, samples }: Session): Generator<undefined, void> {
  const { step, config } = run;
  const isLast = step === config.steps;
  if ((step % EVERY === 0 || isLast) && heldOut[heldOut.length - 1]?.[0] !== step) {
    heldOut.push([step, yield* run.heldOut()]);
  }
  const between = Math.max(1, Math.ceil(config.steps / SAMPLES));
  if ((step % between === 0 || isLast) && samples[samples.length - 1]?.[0] !== step) {
    samples.push([step, yield* run.write(WRITTEN, config.seed + step)]);
  }
}

/** One head's weights over a piece of the text. */
function attentionOf({ run, text }: Session, { place, layer, head }: TrainRequest["look"]): Float64Array {
  const ids = [...text.train, ...text.heldOut].slice(place, place + Math.min(PIECE, run.sizes.length));
  const T = ids.length;
  return run.look(ids)[layer]?.slice(head * T * T, (head + 1) * T * T) ?? new Float64Array();
}
