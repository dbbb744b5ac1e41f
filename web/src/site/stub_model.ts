// The part of a Jupyter widget model that the widgets use, kept in memory: a static page has no kernel.

import type { WidgetModel } from "../widgets/host";

type Values = Record<string, unknown>;
type Callback = (message: unknown, buffers: DataView[]) => void;

export class StubModel implements WidgetModel<Values> {
  readonly #values: Values;
  readonly #listeners = new Map<string, Set<Callback>>();

  constructor(values: Values) {
    this.#values = values;
  }

  get(name: string): unknown {
    return this.#values[name];
  }

  set(name: string, value: unknown): void {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    for (const callback of this.#listeners.get(`change:${name}`) ?? []) callback(undefined, []);
  }

  on(event: string, callback: Callback): void {
    const callbacks = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, callbacks.add(callback));
  }

  off(event: string, callback: Callback): void {
    this.#listeners.get(event)?.delete(callback);
  }

  save_changes(): void {
    // There is no kernel to send them to.
  }
}
