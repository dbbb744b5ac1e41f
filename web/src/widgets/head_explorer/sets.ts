// The heads of the prepared sentences: each comes when it is first wanted, and stays.

import type { HeadSet } from "../../core/heads";
import { messageOf } from "../../play/message";
import { loadParts } from "../../play/parts";
import type { RenderContext } from "../host";
import { fromBytes } from "./head_set";
import type { Prepared } from "./state";

type Host = RenderContext<Record<string, unknown>>["model"];

const AS_BASE64 = 4 / 3;

interface SetsOptions {
  /** Called whenever something has come, or could not. */
  onChange(): void;
  signal: AbortSignal;
}

export class Sets {
  readonly prepared: Prepared[];
  /** The sentences that are on their way. */
  readonly coming = new Set<string>();
  /** Why a sentence's heads could not be had. */
  readonly trouble = new Map<string, string>();
  readonly #known = new Map<string, HeadSet>();
  readonly #host: Host;
  readonly #options: SetsOptions;
  #queue: Promise<void> = Promise.resolve(); // one after another: Python's answers do not say of which they are

  constructor(host: Host, prepared: Prepared[], options: SetsOptions) {
    this.#host = host;
    this.prepared = prepared;
    this.#options = options;
  }

  get(name: string): HeadSet | undefined {
    return this.#known.get(name);
  }

  /** Fetch the heads of this sentence, if they are not here or on their way. */
  want(name: string): void {
    const wanted = this.prepared.find((one) => one.name === name);
    if (!wanted || this.#known.has(name) || this.coming.has(name)) return;
    this.coming.add(name);
    this.trouble.delete(name);
    this.#queue = this.#queue.then(() => this.#load(wanted));
    this.#tell();
  }

  /** How much a sentence's heads weigh on their way. */
  kilobytes(name: string): number {
    const bytes = this.prepared.find((one) => one.name === name)?.stored.bytes ?? 0;
    return Math.round((bytes * (this.#host.send ? 1 : AS_BASE64)) / 1000);
  }

  async #load({ name, stored }: Prepared): Promise<void> {
    const { signal } = this.#options;
    try {
      const bytes = await loadParts(this.#host, stored, { onProgress: () => undefined, signal });
      this.#known.set(name, await fromBytes(bytes));
    } catch (error) {
      this.trouble.set(name, messageOf(error));
    }
    this.coming.delete(name);
    this.#tell();
  }

  #tell(): void {
    if (!this.#options.signal.aborted) this.#options.onChange();
  }
}
