// The link that restores a widget's state; in a notebook the code does its work.

import { h } from "../controls/element";
import type { Updated } from "../controls/updated";
import { setAttribute } from "../controls/write";
import { linkOf } from "./link";

export function stateLink(name: string, values: () => Record<string, unknown>, owner: Updated): HTMLElement {
  const element = h("a", { class: "state-link" }, "Link to this state");
  owner.onUpdate(() => setAttribute(element, "href", linkOf(name, values())));
  return element;
}
