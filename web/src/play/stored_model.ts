// A stored model behind a widget: asleep until the reader's first touch, then fetched, opened, and ready to be asked.

import type { RenderContext } from "../widgets/host";
import { Engine } from "./engine";
import { messageOf } from "./message";
import { loadParts, type Stored } from "./parts";
import serve from "./serve.worker";

type Host = RenderContext<Record<string, unknown>>["model"];

interface StoredModelOptions {
  /** Called whenever the phase, or how much has come, is another. */
  onChange(): void;
  signal: AbortSignal;
}

export class StoredModel {
  readonly stored: Stored;
  readonly signal: AbortSignal;
  /** Whether Python is there, to be asked for the bytes. */
  readonly inNotebook: boolean;
  phase: "asleep" | "loading" | "opening" | "failed" | "ready" = "asleep";
  /** Bytes that have come. */
  loaded = 0;
  /** Why it could not be opened. */
  trouble = "";
  /** What each id is shown as. */
  pieces: string[] = [];
  engine: Engine | undefined;
  readonly #host: Host;
  readonly #onChange: () => void;
  #waking: Promise<void> = Promise.resolve();

  constructor(host: Host, stored: Stored, { onChange, signal }: StoredModelOptions) {
    this.stored = stored;
    this.signal = signal;
    this.inNotebook = host.send !== undefined;
    this.#host = host;
    this.#onChange = onChange;
  }

  /** Fetch and open it, at the first touch or after a failure; done where it is awake, or could not be woken. */
  wake(): Promise<void> {
    if (this.phase === "asleep" || this.phase === "failed") this.#waking = this.#wake();
    return this.#waking;
  }

  async #wake(): Promise<void> {
    this.loaded = 0;
    this.#enter("loading");
    const onProgress = (loaded: number): void => {
      this.loaded = loaded;
      this.#onChange();
    };
    try {
      const bytes = await loadParts(this.#host, this.stored, { onProgress, signal: this.signal });
      this.#enter("opening");
      const engine = this.engine ?? (await Engine.start(this.signal, serve));
      const about = await engine.open<{ pieces: string[] }>(bytes);
      this.pieces = about?.pieces ?? [];
      this.engine = engine;
      this.#enter("ready");
    } catch (error) {
      this.trouble = messageOf(error);
      this.#enter("failed");
    }
  }

  #enter(phase: StoredModel["phase"]): void {
    this.phase = phase;
    if (!this.signal.aborted) this.#onChange();
  }
}
