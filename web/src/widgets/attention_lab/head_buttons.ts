// The heads as buttons called by their names, where there are several.

import { chips } from "../../controls/chips";
import { h } from "../../controls/element";
import type { Lab } from "./lab";

export function headButtons(lab: Lab): HTMLElement[] {
  const names = lab.source.kind === "tensors" ? lab.source.heads : [];
  if (names.length < 2) return [];
  const onSelect = (head: number): void => lab.change({ head });
  const { element, setWords, press } = chips({ className: "chips heads", onSelect, signal: lab.signal });
  setWords(names.map((name) => (typeof name === "number" ? `head ${name}` : name)));
  lab.onUpdate(() => press(lab.state.head));
  return [h("div", {}, "Head: ", h("code", {}, "q[head], k[head], v[head]")), element];
}
