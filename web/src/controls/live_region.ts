// What a screen reader says by itself: the latest of many sentences, not each of them.

import { h } from "./element";
import { throttle } from "./throttle";

const WAIT_MS = 400;

export interface LiveRegion {
  element: HTMLElement;
  announce(sentence: string): void;
}

export function liveRegion(signal: AbortSignal): LiveRegion {
  const element = h("p", { class: "hidden", "aria-live": "polite" });
  let latest = "";
  const speak = throttle(
    () => {
      element.textContent = latest;
    },
    WAIT_MS,
    signal,
  );
  return {
    element,
    announce(sentence) {
      latest = sentence;
      speak();
    },
  };
}
