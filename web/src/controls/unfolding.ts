// What unfolds into a region that scrolls, made anew while it is open.

import { details } from "./details";
import { scrollRegion } from "./table";
import type { Updated } from "./updated";

export function unfolding(owner: Updated, title: string, make: () => Node[]): HTMLElement {
  const region = scrollRegion(title);
  const fill = (): void => region.replaceChildren(...make());
  const part = details({ title, children: [region], fill, signal: owner.signal });
  owner.onUpdate(part.update);
  return part.element;
}
