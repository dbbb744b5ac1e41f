// A stored model comes in parts when the reader first asks for it: on a page without a kernel each is a script that is
// added (a page opened from disk may not fetch a file), in a notebook an answer of Python's.
// The twin in Python is llmbook.pages.widgets.stored_weights.

import type { RenderContext } from "../widgets/host";

/** What is known of the bytes before they come. */
export interface Stored {
  name: string;
  digest: string;
  bytes: number;
  parts: number;
}

type Model = RenderContext<Record<string, unknown>>["model"];

interface LoadOptions {
  onProgress(bytes: number): void;
  signal: AbortSignal;
}

declare global {
  var llmbookParts: Record<string, string> | undefined; // in base64, from its script until it is taken
}

const HERE = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";
const WAIT_MS = 30_000; // for one part from a kernel, which may be busy

/** All bytes. Throws, naming the part, where one does not come. */
export async function loadParts(model: Model, stored: Stored, options: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(stored.bytes);
  let place = 0;
  for (let part = 0; part < stored.parts; part++) {
    options.signal.throwIfAborted();
    const next = await (model.send ? askPython(model, stored.name, part, options.signal) : addScript(stored, part));
    options.signal.throwIfAborted();
    if (place + next.length > bytes.length)
      throw new Error(`part ${part + 1} of ${stored.parts} is longer than it was`);
    bytes.set(next, place);
    place += next.length;
    options.onProgress(place);
  }
  return bytes;
}

/** The part's script stands in the site's static files, two folders above this one. */
function addScript({ name, digest, parts }: Stored, part: number): Promise<Uint8Array> {
  const key = `${name}-${digest}-${part}`;
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`../../models/${key}.js`, HERE).href;
    const end = (): void => {
      const text = globalThis.llmbookParts?.[key];
      delete globalThis.llmbookParts?.[key];
      script.remove(); // the browser keeps the file; the reader may try again
      if (text) resolve(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
      else reject(new Error(`part ${part + 1} of ${parts} did not come`));
    };
    script.addEventListener("load", end);
    script.addEventListener("error", end);
    document.head.append(script);
  });
}

function askPython(model: Model, name: string, part: number, signal: AbortSignal): Promise<Uint8Array> {
  const controller = new AbortController();
  return new Promise<Uint8Array>((resolve, reject) => {
    const onAnswer = (message: unknown, [bytes]: (DataView | ArrayBuffer)[]): void => {
      const { part: number, name: of = name } = (message ?? {}) as { part?: unknown; name?: unknown };
      if (number === part && of === name && bytes) resolve(bytesOf(bytes));
    };
    model.on("msg:custom", onAnswer);
    controller.signal.addEventListener("abort", () => model.off("msg:custom", onAnswer));
    signal.addEventListener("abort", () => reject(new Error("the widget was closed")), { once: true });
    setTimeout(() => reject(new Error(`the kernel did not answer; part ${part + 1} is missing`)), WAIT_MS);
    model.send?.({ part, name });
  }).finally(() => controller.abort());
}

/** Hosts hand buffers over in one of two forms. */
const bytesOf = (given: DataView | ArrayBuffer): Uint8Array =>
  given instanceof ArrayBuffer
    ? new Uint8Array(given)
    : new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
