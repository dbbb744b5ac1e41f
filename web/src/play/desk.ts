// What the desks of widgets with a stored model have in common: the model, and who is told of what has changed.

import type { Updated } from "../controls/updated";
import type { WidgetModel } from "../widgets/host";
import type { Stored } from "./parts";
import { StoredModel } from "./stored_model";

export abstract class ModelDesk<Traits extends Record<string, unknown>> implements Updated {
  readonly model: StoredModel;
  readonly signal: AbortSignal;
  readonly traits: WidgetModel<Traits>;
  /** Whether what is shown may not yet be of what is set. */
  isBusy: boolean;
  /** Whether the reader is asked, and the answer kept from them. */
  isHidden: boolean;
  readonly #onUpdate: (() => void)[] = [];

  constructor(traits: WidgetModel<Traits>, stored: Stored, signal: AbortSignal) {
    this.traits = traits;
    this.signal = signal;
    this.isBusy = false;
    this.isHidden = false;
    const onChange = (): void => {
      this.refresh();
    };
    this.model = new StoredModel(traits as never, stored, { onChange, signal });
  }

  /** Read the traits anew, and ask the model where they ask for something else. */
  abstract refresh(): unknown;

  get inNotebook(): boolean {
    return this.model.inNotebook;
  }

  /** Tell `action` whenever anything has changed. */
  onUpdate(action: () => void): void {
    this.#onUpdate.push(action);
  }

  /** Of a widget that was taken down nobody is told any more. */
  tell(): void {
    if (this.signal.aborted) return;
    for (const action of this.#onUpdate) action();
  }

  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    this.tell();
  }
}
