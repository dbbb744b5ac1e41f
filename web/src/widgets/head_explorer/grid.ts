// All heads in small, as a list to choose from: under a pointer or the keys a head is shown large, and a click keeps it.

import { h } from "../../controls/element";
import { onThemeChange } from "../../controls/theme";
import { setAttribute } from "../../controls/write";
import { rowOf } from "../../core/matrix";
import { type Cell, cellOf, nearestInNextRow } from "./cell";
import type { Explorer } from "./explorer";
import { orderOf } from "./order";
import { minus } from "./sentences";
import { type Ink, inkOf, paint } from "./thumbnail";

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const ROWS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };

export class Grid {
  readonly element = h("div", { class: "heads", role: "listbox", tabindex: "0", "aria-multiselectable": "true" });
  readonly #explorer: Explorer;
  #of: unknown; // the set whose heads these are
  #cells: Cell[] = [];
  #order: number[] = []; // the places of the heads that are shown
  #active = 0; // the place of the head on which the keys act
  #painted: Float64Array | undefined;
  #ink: Ink | undefined;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    const { signal } = explorer;
    const { element } = this;
    const listen = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      action: (event: HTMLElementEventMap[Name]) => void,
    ): void => element.addEventListener(name, action, { signal });
    listen("keydown", (event) => this.#press(event));
    listen("focus", () => explorer.look(element.matches(":focus-visible") ? this.#active : -1));
    listen("blur", () => explorer.look(-1));
    listen("pointermove", (event) => {
      if (event.pointerType !== "touch") explorer.look(this.#placeOf(event));
    });
    listen("pointerleave", () => explorer.look(-1));
    listen("click", (event) => {
      this.#choose(this.#placeOf(event), explorer.adds || event.ctrlKey || event.metaKey || event.shiftKey);
    });
    onThemeChange(() => this.#forgetInk(), signal);
    explorer.onUpdate(() => this.#update());
  }

  #placeOf({ target }: Event): number {
    return this.#cells.findIndex(({ element }) => target instanceof Node && element.contains(target));
  }

  #choose(place: number, adds: boolean): void {
    const label = this.#explorer.set?.labels[place];
    if (!label) return;
    this.#active = place;
    this.#explorer.choose(label, adds);
  }

  #press(event: KeyboardEvent): void {
    const { key } = event;
    if (key in STEPS) this.#move(STEPS[key] ?? 0);
    else if (key in ROWS) this.#moveDown(ROWS[key] ?? 0);
    else if (key === "Enter") this.#choose(this.#active, this.#explorer.adds);
    else if (key === " ") this.#choose(this.#active, true);
    else return;
    event.preventDefault();
    this.#explorer.look(this.#active);
    this.#explorer.draw();
    this.#cells[this.#active]?.element.scrollIntoView({ block: "nearest" });
  }

  #move(step: number): void {
    const at = this.#order.indexOf(this.#active) + step;
    this.#active = this.#order[Math.max(0, Math.min(this.#order.length - 1, at))] ?? this.#active;
  }

  #moveDown(step: number): void {
    const from = this.#cells[this.#active]?.element;
    if (!from) return;
    const elements = this.#order.flatMap((place) => this.#cells[place]?.element ?? []);
    const next = nearestInNextRow(from, elements, step);
    this.#active = this.#cells.findIndex(({ element }) => element === next);
  }

  #update(): void {
    const { set, asked, state } = this.#explorer;
    this.element.hidden = !set;
    if (!set) return;
    if (set !== this.#of) this.#build();
    this.#of = set;
    this.#arrange(orderOf(this.#explorer));
    setAttribute(this.element, "data-order", asked ? "model" : state.order);
    setAttribute(this.element, "aria-activedescendant", this.#cells[this.#active]?.element.id ?? "");
    this.#dress();
    this.#paint();
  }

  #dress(): void {
    const explorer = this.#explorer;
    const { scores, set, state } = explorer;
    for (const place of this.#order) {
      this.#cells[place]?.update({
        isActive: place === this.#active,
        isChosen: state.heads.includes(set?.labels[place] ?? ""),
        told: scores ? minus(scores[place] ?? 0) : "",
        known: explorer.nameOf(place),
      });
    }
  }

  #build(): void {
    const { set, state } = this.#explorer;
    if (!set) return;
    this.#cells = [...set.labels.keys()].map((place) => cellOf(set, place));
    this.#order = [];
    this.#painted = undefined;
    this.#active = Math.max(0, set.labels.indexOf(state.heads[0] ?? ""));
    this.element.style.setProperty("--heads", String(set.n_heads));
    this.element.style.setProperty("--half", String(Math.ceil(set.n_heads / 2)));
    const keys = "Arrow keys move, Enter chooses, the space bar adds.";
    setAttribute(this.element, "aria-label", `${set.labels.length} heads. ${keys}`);
  }

  #arrange(order: number[]): void {
    const isSame = order.join() === this.#order.join() && this.element.childElementCount === order.length;
    this.#order = order;
    const { set, state } = this.#explorer;
    const first = set?.labels.indexOf(state.heads[0] ?? "") ?? 0;
    if (!this.element.matches(":focus") && order.includes(first)) this.#active = first; // where the keys begin
    if (!order.includes(this.#active)) this.#active = order[0] ?? 0;
    if (!isSame) this.element.replaceChildren(...order.flatMap((place) => this.#cells[place]?.element ?? []));
  }

  /** The colours are those of the page, and the grid has none before it stands there. */
  #paint(): void {
    const { all, set } = this.#explorer;
    if (!set || (this.#ink && this.#painted === all)) return;
    const ink = this.#ink ?? inkOf(getComputedStyle(this.element).getPropertyValue("--heat").trim());
    this.#ink = this.element.isConnected ? ink : undefined;
    this.#painted = all;
    const image = new ImageData(set.T, set.T);
    for (const [place, { canvas }] of this.#cells.entries()) paint(canvas, image, rowOf(all, set.T ** 2, place), ink);
  }

  #forgetInk(): void {
    this.#ink = undefined;
    this.#paint();
  }
}
