// The sentence that says what is likely to come next, to be read and to be spoken.

import { h } from "../../controls/element";
import { liveRegion } from "../../controls/live_region";
import { setText } from "../../controls/write";
import { fixed } from "../../core/format";
import { entropy } from "../../core/softmax";
import { shownAs } from "./candidates";
import type { Desk } from "./desk";

export function sentence(desk: Desk): HTMLElement[] {
  const element = h("p", { class: "sentence" });
  const live = liveRegion(desk.signal);
  desk.onUpdate(() => {
    const text = describe(desk);
    setText(element, text);
    live.announce(text);
  });
  return [element, live.element];
}

/** The two likeliest tokens, and over how many the lot is drawn. */
export function describe(desk: Desk): string {
  if (desk.isHidden && !desk.isWriting) return "Which token is the likeliest to come next? Choose one below.";
  if (desk.isWriting) return "The model is writing …";
  const [first, second] = desk.candidates(2);
  if (!first) return "";
  const shown = `“${shownAs(first.piece)[0]}” comes next with a chance of ${fixed(first.now)}`;
  const then = second && second.now > 0 ? `, “${shownAs(second.piece)[0]}” with ${fixed(second.now)}` : "";
  const { now } = desk.outlook ?? {};
  if (!now) return `${shown}${then}.`;
  const open = now.filter((chance) => chance > 0).length;
  const bits = fixed(entropy(now));
  return `${shown}${then}. ${open} of ${now.length} tokens may be drawn; entropy ${bits} bits.`;
}
