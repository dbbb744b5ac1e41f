// The sentence that says what a widget shows, to be read and to be spoken.

import { h } from "./element";
import { liveRegion } from "./live_region";
import type { Updated } from "./updated";
import { setText } from "./write";

export function spokenSentence(describe: () => string, owner: Updated): HTMLElement[] {
  const element = h("p", { class: "sentence" });
  const live = liveRegion(owner.signal);
  owner.onUpdate(() => {
    const text = describe();
    setText(element, text);
    live.announce(text);
  });
  return [element, live.element];
}
