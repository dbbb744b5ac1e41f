// The widget's end of the line to the one who computes: a worker, or where workers are refused the page itself.

import type { Answer, Port } from "./port";

const WAIT_MS = 5000; // for a worker's first word

/** The one who computes, at the other end: a module *.worker, which the build makes one function. */
export type Serve = (port: Port) => void;

interface Waiting {
  onPart(part: never): void;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class Engine {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
  }

  /** An engine, which goes with the signal. */
  static async start(signal: AbortSignal, serve: Serve): Promise<Engine> {
    return new Engine(await startWorker(serve, signal).catch(() => startHere(serve)));
  }

  /** Open a stored model; what can be said of it. */
  open<About>(bytes: Uint8Array<ArrayBuffer>): Promise<About | undefined> {
    return this.#ask<About, never>({ open: bytes }, [bytes.buffer]);
  }

  /** Do a task. Undefined where a newer request has overtaken this one, which then stops. */
  run<Result, Part = never>(
    task: string,
    request: unknown,
    onPart?: (part: Part) => void,
  ): Promise<Result | undefined> {
    return this.#ask<Result, Part>({ task, request }, [], onPart);
  }

  /** Let nothing more be done. */
  stop(): void {
    this.#overtake();
    this.#port.postMessage({ id: ++this.#count, stop: true }, []);
  }

  #ask<Result, Part>(
    what: object,
    transfer: Transferable[],
    onPart: (part: Part) => void = () => undefined,
  ): Promise<Result | undefined> {
    this.#overtake();
    const id = ++this.#count;
    return new Promise<Result | undefined>((resolve, reject) => {
      this.#waiting.set(id, { onPart, resolve: resolve as (result: unknown) => void, reject });
      this.#port.postMessage({ id, ...what }, transfer);
    });
  }

  #overtake(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  #hear(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return; // overtaken
    if ("part" in answer) {
      waiting.onPart(answer.part as never);
      return;
    }
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting.reject(new Error(answer.error));
    else waiting.resolve(answer.result);
  }
}

/** A worker made from text: one made from a file would not start on a page that was opened from disk. */
function startWorker(serve: Serve, signal: AbortSignal): Promise<Port> {
  const address = URL.createObjectURL(new Blob([`(${serve})(self)`], { type: "text/javascript" }));
  return new Promise<Port>((resolve, reject) => {
    const worker = new Worker(address);
    const refuse = (): void => {
      worker.terminate();
      reject(new Error("no worker may start here"));
    };
    const timer = setTimeout(refuse, WAIT_MS);
    worker.onerror = refuse;
    worker.onmessage = () => {
      clearTimeout(timer);
      resolve(worker);
    };
    signal.addEventListener("abort", () => worker.terminate(), { once: true });
  }).finally(() => URL.revokeObjectURL(address));
}

function startHere(serve: Serve): Port {
  const { port1, port2 } = new MessageChannel();
  serve(port2);
  return port1;
}
