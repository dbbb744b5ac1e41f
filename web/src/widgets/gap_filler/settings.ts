// Which words are seen from a gap: those of both sides or of one, and how many. As page 3.4 has it, the others are out of
// every word's sight, and the signs at either end are in it.

import { h } from "../../controls/element";
import { select } from "../../controls/select";
import { slider } from "../../controls/slider";
import { SIDES, type Side } from "../../core/gaps";
import type { Desk } from "./desk";

const STOPS = [0, 1, 2, 4, 8]; // words on a side; behind the last, all
const NAMES: Record<Side, string> = { both: "both sides", before: "what stands before", after: "what stands after" };
const CODE: Record<Side, string> = {
  both: "(-n <= away) & (away <= n)",
  before: "(-n <= away) & (away <= 0)",
  after: "(0 <= away) & (away <= n)",
};

export function settings(desk: Desk): HTMLElement {
  const { signal } = desk;
  const side = select({
    name: "A gap sees",
    options: [...SIDES],
    nameOf: (name: Side) => NAMES[name],
    onChange: (name) => desk.change({ side: name }),
    signal,
  });
  const reach = slider((stop) => desk.change({ reach: STOPS[stop] ?? null }), signal);
  desk.onUpdate(() => {
    const { side: name, reach: words } = desk.state;
    side.update(name, `near = ${CODE[name]} | (ids == CLS) | (ids == SEP)`);
    const stop = words === null ? STOPS.length : STOPS.findIndex((known) => known >= words);
    reach.update({
      name: "Words seen on a side",
      range: [0, STOPS.length, 1],
      value: stop < 0 ? STOPS.length : stop,
      text: words === null ? "all" : String(words),
      code: `n = ${words ?? "len(ids)"}`,
    });
  });
  return h("div", { class: "controls" }, side.element, reach.element);
}
