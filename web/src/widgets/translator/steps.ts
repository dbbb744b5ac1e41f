// One character after the other: to the beginning, back and on, and by itself at a pace.

import { button } from "../../controls/button";
import { type SliderView, slider } from "../../controls/slider";
import { setAttribute, setText } from "../../controls/write";
import type { Desk } from "./desk";
import { PACES, type Player, prefersStillness } from "./player";

export function stepButtons(desk: Desk, player: Player): HTMLElement[] {
  const first = button("To the beginning", () => player.goTo(0), desk.signal);
  const back = button("Back", () => player.goTo(desk.step - 1), desk.signal);
  const toggle = button("", () => player.toggle(), desk.signal);
  const on = button("On", () => player.goTo(desk.step + 1), desk.signal);
  desk.onUpdate(() => {
    first.disabled = desk.step === 0;
    back.disabled = desk.step === 0;
    on.disabled = desk.step >= player.last;
    toggle.disabled = player.last === 0;
    setText(toggle, labelOf(player));
    setAttribute(toggle, "aria-pressed", String(player.isPlaying));
  });
  return [first, back, toggle, on];
}

function labelOf({ isPlaying }: Player): string {
  if (isPlaying) return "Pause";
  return prefersStillness() ? "Write to the end" : "Play";
}

export function stepSliders(desk: Desk, player: Player): HTMLElement[] {
  const place = slider((value) => player.goTo(value - 1), desk.signal);
  const pace = slider((value) => {
    player.pace = PACES[value] ?? player.pace;
    desk.tell();
  }, desk.signal);
  desk.onUpdate(() => {
    place.update(placeView(desk, player));
    pace.update(paceView(player));
  });
  return [place.element, pace.element];
}

function placeView({ step, tokens }: Desk, { last }: Player): SliderView {
  const text = `${step + 1} of ${tokens.length}`;
  return { name: "Character", range: [1, last + 1, 1], value: step + 1, text, code: `weights[${step}]` };
}

function paceView({ pace }: Player): SliderView {
  return {
    name: "Pace",
    range: [0, PACES.length - 1, 1],
    value: PACES.indexOf(pace),
    text: `${pace} a second`,
    code: `time.sleep(${1 / pace})`,
    hidden: prefersStillness(),
  };
}
