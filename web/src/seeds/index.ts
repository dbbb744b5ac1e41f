// The script of the pages with a figure that has a line for each seed: one of them is drawn, the others stay behind it.

import { button } from "../controls/button";
import { details } from "../controls/details";
import { h } from "../controls/element";
import { adoptStyleSheet } from "../controls/style_sheet";
import { scrollRegion, table } from "../controls/table";
import seedsCss from "./seeds.css";

interface Line {
  element: Element;
  seed: string;
  kind: string; // of what the line is: a name in the legend
  end: string; // the value at its last point
}

const ALL = "all";
const never = new AbortController().signal; // the page itself ends what listens

function linesOf(figure: Element): Line[] {
  return [...figure.querySelectorAll<SVGElement>("[data-seed]")].map((element) => {
    const { seed = "", kind = "", end = "" } = element.dataset;
    return { element, seed, kind, end };
  });
}

function sentence(lines: Line[], seed: string, total: number): string {
  if (seed === ALL) return `All ${total} seeds are shown.`;
  const own = lines.filter((line) => line.seed === seed).map(({ kind, end }) => `${kind} ${end}`);
  return `Seed ${seed} ends at: ${own.join(", ")}.`;
}

/** What the lines end at, a row for each seed. */
function ends(lines: Line[], seeds: string[]): HTMLTableElement {
  const kinds = [...new Set(lines.map(({ kind }) => kind))];
  const endOf = (seed: string, kind: string): string =>
    lines.find((line) => line.seed === seed && line.kind === kind)?.end ?? "–";
  return table(
    ["seed", ...kinds],
    seeds.map((seed) => [seed, ...kinds.map((kind) => endOf(seed, kind))]),
  );
}

function addControl(figure: Element, lines: Line[]): void {
  const seeds = [...new Set(lines.map(({ seed }) => seed))];
  const said = h("p", { role: "status" });
  const options = [ALL, ...seeds].map((seed) => h("option", { value: seed }, seed));
  const choice = h("select", {}, ...options);
  const choose = (seed: string): void => {
    choice.value = seed;
    figure.classList.toggle("one-seed", seed !== ALL);
    for (const line of lines) line.element.classList.toggle("drawn", line.seed === seed);
    said.textContent = sentence(lines, seed, seeds.length);
  };
  const draw = (): void => {
    const others = seeds.filter((seed) => seed !== choice.value);
    choose(others[Math.floor(Math.random() * others.length)] ?? ALL);
  };
  choice.addEventListener("change", () => choose(choice.value));
  const inner = scrollRegion("What the lines end at, by seed");
  const fill = (): void => inner.replaceChildren(ends(lines, seeds));
  const fold = details({ title: "All seeds as a table", children: [inner], fill, signal: never });
  const label = h("label", {}, "seed ", choice);
  figure.after(h("div", { class: "llmbook-seeds" }, button("Draw a seed", draw, never), label, said, fold.element));
}

function start(): void {
  adoptStyleSheet(seedsCss);
  for (const figure of document.querySelectorAll("figure.llmbook-figure")) {
    const lines = linesOf(figure);
    if (lines.length > 0) addControl(figure, lines);
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
