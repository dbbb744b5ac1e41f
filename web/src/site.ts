// On a static page: find each widget's place, read its data, and make it live without a kernel.

import attentionLab from "./attention_lab";
import type { Model } from "./attention_lab";

type Widget = { render(context: { model: Model; el: HTMLElement }): unknown };
const registry: Record<string, Widget> = { attention_lab: attentionLab };

/** The part of a Jupyter widget model that the widgets use, kept in memory. */
class StubModel implements Model {
  private listeners = new Map<string, Set<() => void>>();
  constructor(private values: Record<string, unknown>) {}
  get(name: string): unknown {
    return this.values[name];
  }
  set(name: string, value: unknown): void {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.listeners.get(`change:${name}`)?.forEach((callback) => callback());
  }
  on(name: string, callback: () => void): void {
    if (!this.listeners.has(name)) this.listeners.set(name, new Set());
    this.listeners.get(name)!.add(callback);
  }
  off(name: string, callback: () => void): void {
    this.listeners.get(name)?.delete(callback);
  }
  save_changes(): void {}
}

function start(): void {
  for (const place of document.querySelectorAll<HTMLElement>(".llmbook-widget[data-widget]")) {
    const widget = registry[place.dataset.widget ?? ""];
    const data = place.querySelector('script[type="application/json"]');
    if (!widget || !data) continue;
    const began = performance.now();
    const el = document.createElement("div");
    place.after(el);
    widget.render({ model: new StubModel(JSON.parse(data.textContent ?? "{}")), el });
    place.hidden = true;
    place.dataset.renderMs = String(performance.now() - began);
  }
}

// The theme's buttons to print and to fill the screen, without the inline handlers a strict policy forbids.
document.addEventListener("click", (event) => {
  const call = (event.target as Element).closest<HTMLElement>("[data-call]")?.dataset.call;
  if (call) (globalThis as unknown as Record<string, () => void>)[call]?.();
});

// From disk a page may not fetch another, so the search shows titles alone.
declare const DOCUMENTATION_OPTIONS: { SHOW_SEARCH_SUMMARY: boolean };
const onDisk = location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined";
if (onDisk) DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
