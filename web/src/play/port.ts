// What is said between a widget and the one who computes, whether that is a worker or the page itself.

/** One end of a line: a worker seen from either side, or a port of a channel. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** To the one who computes: the bytes of a stored model, or something to do with it. Each has a number of its own. */
export type Ask = { id: number } & (
  | { open: Uint8Array<ArrayBuffer> }
  | { task: string; request: unknown }
  | { stop: true }
);

/** Back: some of the answer, all of it, or why there is none. A request that another has overtaken gets no answer. */
export type Answer = { id: number } & ({ part: unknown } | { result: unknown } | { error: string });
