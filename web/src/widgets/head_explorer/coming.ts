// That the heads come when they are asked for: how large they are, that they are on their way, and a second try.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { setText } from "../../controls/write";
import type { Explorer } from "./explorer";

const TOUCHES = ["click", "input", "keydown"];
const PASSING = new Set(["Tab", "Shift", "Escape"]); // keys of one who only goes by

export function coming(explorer: Explorer): HTMLElement {
  const text = h("span");
  const show = button("", () => explorer.wake(), explorer.signal);
  const element = h("div", { class: "coming", role: "status" }, text, show);
  explorer.onUpdate(() => {
    const { sets, set, state } = explorer;
    const trouble = sets.trouble.get(state.sentence);
    element.hidden = set !== undefined;
    show.hidden = sets.coming.has(state.sentence);
    setText(show, trouble ? "Try again" : "Show all heads");
    setText(text, describe(explorer, trouble));
  });
  return element;
}

function describe({ sets, state }: Explorer, trouble: string | undefined): string {
  if (trouble) return `The heads could not be opened: ${trouble}.`;
  const size = `${sets.kilobytes(state.sentence)} kB`;
  if (sets.coming.has(state.sentence)) return `The heads are coming: ${size} …`;
  const heads = sets.prepared.find(({ name }) => name === state.sentence)?.heads ?? 0;
  return `All ${heads} heads come when you first use this: ${size}.`;
}

/** The first touch of anything inside fetches the heads; to go by with the Tab key is none. */
export function wakeOnTouch(root: HTMLElement, explorer: Explorer): void {
  const onTouch = (event: Event): void => {
    if (explorer.set || (event instanceof KeyboardEvent && PASSING.has(event.key))) return;
    explorer.wake();
  };
  for (const touch of TOUCHES) root.addEventListener(touch, onTouch, { signal: explorer.signal });
}
