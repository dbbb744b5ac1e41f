// The buttons that move the chosen action, why a move is refused, and the moves as a line of Python.

import { button } from "../../controls/button";
import { h } from "../../controls/element";
import { setText } from "../../controls/write";
import type { PipelineReplay } from "./lab";
import { pythonPairs } from "./python_code";

export function moves(lab: PipelineReplay): HTMLElement {
  const buttons = [
    button("Earlier", () => lab.move(-1), lab.signal),
    button("Later", () => lab.move(1), lab.signal),
    button("Undo a move", () => lab.undo(), lab.signal),
  ];
  const refused = h("p", { class: "notice refused", role: "status" });
  const code = h("code", {});
  lab.onUpdate(() => {
    setText(refused, lab.refused);
    setText(code, codeOf(lab));
  });
  return h("div", { class: "moves control" }, h("div", { class: "buttons" }, ...buttons), refused, code);
}

function codeOf({ state: { swaps } }: PipelineReplay): string {
  if (!swaps.length) return "# no move yet";
  return `for r, i in ${pythonPairs(swaps)}: orders[r][i:i + 2] = orders[r][i + 1], orders[r][i]`;
}
