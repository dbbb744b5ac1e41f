// The link that restores a widget's state; a notebook's address is its own, and the code does the link's work.

import { h } from "../controls/element";
import type { Updated } from "../controls/updated";
import { setAttribute, setText } from "../controls/write";
import { linkOf } from "./link";

/** Whoever has a state, a new one at each change. */
interface Keeper<State extends object> extends Updated {
  readonly state: State;
  readonly inNotebook: boolean;
}

interface Linked {
  text: string;
  values: Record<string, unknown>;
}

const whole = (state: object): Linked => ({ text: "Link to this state", values: { ...state } });

export function stateLink<State extends object>(
  name: string,
  keeper: Keeper<State>,
  linkedOf: (state: State) => Linked = whole,
): HTMLElement[] {
  if (keeper.inNotebook) return [];
  const element = h("a", { class: "state-link" });
  let shown: State | null = null;
  keeper.onUpdate(() => {
    if (shown === keeper.state) return;
    shown = keeper.state;
    const { text, values } = linkedOf(shown);
    setText(element, text);
    setAttribute(element, "href", linkOf(name, values));
  });
  return [element];
}
