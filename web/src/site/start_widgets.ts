// On a static page: find each widget's place, read its data, and make it live without a kernel.

import attentionLab from "../widgets/attention_lab";
import type { Widget } from "../widgets/host";
import { StubModel } from "./stub_model";

const WIDGETS: Record<string, Widget<Record<string, unknown>>> = { attention_lab: attentionLab };
const NOTICE = "The laboratory could not start; the table stands in its place.";

export function startWidgets(): void {
  for (const place of document.querySelectorAll<HTMLElement>(".llmbook-widget[data-widget]")) {
    startWidget(place);
  }
}

/** Put the live widget behind the table that stands in for it, and hide the table; where it cannot start, say so. */
function startWidget(place: HTMLElement): void {
  const widget = WIDGETS[place.dataset.widget ?? ""];
  const data = place.querySelector('script[type="application/json"]');
  if (!widget || !data) return;
  const began = performance.now();
  const el = document.createElement("div");
  const controller = new AbortController();
  place.after(el);
  try {
    const model = new StubModel(JSON.parse(data.textContent ?? ""));
    widget.render({ model, el, signal: controller.signal });
    place.hidden = true;
    place.dataset.renderMs = String(performance.now() - began);
  } catch (error) {
    // The other widgets of the page go on.
    console.error(error);
    controller.abort();
    el.role = "status";
    el.textContent = NOTICE;
  }
}
