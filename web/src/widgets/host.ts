// What a widget is to its host: anywidget in a notebook, or the starter of a static page.

import type { AnyModel } from "@anywidget/types";
import { batch } from "../controls/batch";

/** The part of anywidget's model that the widgets use; `Traits` are the synchronised traits of the Python class. */
export interface WidgetModel<Traits extends Record<string, unknown>>
  extends Pick<AnyModel<Traits>, "get" | "set" | "save_changes"> {
  on(event: `change:${string}`, callback: () => void): void;
  on(event: "msg:custom", callback: (message: unknown, buffers: DataView[]) => void): void;
  off(event: `change:${string}`, callback: () => void): void;
  off(event: "msg:custom", callback: (message: unknown, buffers: DataView[]) => void): void;
  /** Where there is a kernel: ask Python, which answers with "msg:custom". */
  send?(message: unknown): void;
}

export interface RenderContext<Traits extends Record<string, unknown>> {
  model: WidgetModel<Traits>;
  el: HTMLElement;
  /** Aborted when the view goes; anywidget 0.11 hands one in, older versions do not. */
  signal?: AbortSignal;
}

export interface Widget<Traits extends Record<string, unknown>> {
  /** Show the widget in `el`; what is returned takes it down. */
  render(context: RenderContext<Traits>): () => void;
  /** What of a link's values can be traits; nothing of a link is trusted. Without it a widget's state has no link. */
  fromLink?(values: Record<string, unknown>): Partial<Traits>;
}

/** Write some traits and send them to Python, if there is one. */
export function writeTraits<Traits extends Record<string, unknown>>(
  model: WidgetModel<Traits>,
  changes: Partial<Traits>,
): void {
  for (const name of Object.keys(changes) as (string & keyof Traits)[]) {
    const value = changes[name];
    if (value !== undefined) model.set(name, value);
  }
  model.save_changes();
}

/** Call `action` once after any of these traits have changed, however many change together, until the abort. */
export function onTraitsChange<Traits extends Record<string, unknown>>(
  model: WidgetModel<Traits>,
  names: string[],
  action: () => void,
  signal: AbortSignal,
): void {
  const later = batch(action, signal);
  for (const name of names) {
    model.on(`change:${name}`, later);
  }
  const unsubscribe = (): void => {
    for (const name of names) {
      model.off(`change:${name}`, later);
    }
  };
  signal.addEventListener("abort", unsubscribe, { once: true });
}
