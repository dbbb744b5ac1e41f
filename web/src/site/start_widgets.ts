// On a static page: find the places of a widget, read their data, and make them live without a kernel. The build makes a
// script of this for each widget.

import { valuesOfLink } from "../play/link";
import type { Widget } from "../widgets/host";
import { StubModel } from "./stub_model";

type AnyWidget = Widget<Record<string, unknown>>;

const NOTICE = "The widget could not start; the table stands in its place.";

/** Start all places of the page that are called by this name, as soon as they are there. */
export function startWidgets(name: string, widget: AnyWidget): void {
  const start = (): void => {
    for (const place of document.querySelectorAll<HTMLElement>(`.llmbook-widget[data-widget="${name}"]`)) {
      startWidget(place, widget);
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}

/** Put the live widget behind the table that stands in for it, and hide the table; where it cannot start, say so. */
function startWidget(place: HTMLElement, widget: AnyWidget): void {
  const data = place.querySelector('script[type="application/json"]');
  if (!data) return;
  const began = performance.now();
  const el = document.createElement("div");
  const controller = new AbortController();
  place.after(el);
  try {
    const model = new StubModel(JSON.parse(data.textContent ?? ""));
    const follows = followLink(model, widget, place.dataset.widget ?? "");
    widget.render({ model, el, signal: controller.signal });
    place.hidden = true;
    if (follows) el.scrollIntoView();
    place.dataset.renderMs = String(performance.now() - began);
  } catch (error) {
    // The other widgets of the page go on.
    console.error(error);
    controller.abort();
    el.role = "status";
    el.textContent = NOTICE;
  }
}

/** Set what a link says of this widget, now and whenever the address changes; whether it says something now. */
function followLink(model: StubModel, widget: AnyWidget, name: string): boolean {
  const follow = (): boolean => {
    const values = valuesOfLink(location.hash, name);
    const traits = Object.entries((values && widget.fromLink?.(values)) ?? {});
    for (const [trait, value] of traits) model.set(trait, value);
    return traits.length > 0;
  };
  addEventListener("hashchange", follow);
  return follow();
}
