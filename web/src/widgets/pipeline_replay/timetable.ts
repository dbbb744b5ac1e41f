// A timetable: a row for each rank, a box for each forward and backward, its letter and its micro-batch.

import { svg } from "../../controls/element";
import { setAttribute, setText } from "../../controls/write";
import type { Kind, Span, Trace } from "../../core/pipelines";
import { time } from "./names";

export const LEFT = 46;
export const TOP = 6;
export const ROW = 24;
const HEIGHT = 20; // of a box
const UNIT = 19; // a forward of a rank with one stage
const BELOW = 20;
const LETTER = 6.2; // width of a digit
const TICK = 70; // between two ticks, at least

export interface View {
  trace: Trace;
  /** How long a rank's forward is; it is drawn so wide that numbers fit. */
  unit: number;
  v: number;
  /** Both pictures have an axis as long. */
  until: number;
  /** Of time. */
  measure: string;
  chosen?: Span & { rank: number };
  needs?: readonly (Span & { rank: number })[];
}

export interface Timetable {
  element: SVGSVGElement;
  /** Returns how large the picture has become; the element is left as it is. */
  draw(view: View): [width: number, height: number];
}

export const scaleOf = ({ unit, v }: Pick<View, "unit" | "v">): number => (UNIT * v) / unit;

export function timetable(): Timetable {
  const frame = svg("path", { class: "rows" });
  const kinds = ["forward", "forward later", "backward", "backward later"].map((name) => svg("path", { class: name }));
  const active = svg("rect", { class: "active" });
  const needs = svg("path", { class: "needs" });
  const ticks = svg("path", { class: "ticks" });
  const letters = svg("g", { class: "letters", "text-anchor": "middle" });
  const names = svg("g", { class: "names" });
  const numbers = svg("g", { class: "numbers", "text-anchor": "middle" });
  const attributes = { class: "timetable", display: "block", "aria-hidden": "true", focusable: "false" };
  const element = svg("svg", attributes, frame, ...kinds, needs, active, ticks, letters, names, numbers);

  function draw(view: View): [number, number] {
    const { trace, until } = view;
    const scale = scaleOf(view);
    const xOf = (at: number): number => LEFT + at * scale;
    const width = Math.ceil(xOf(until)) + 24;
    const bottom = TOP + ROW * trace.length;
    setAttribute(frame, "d", trace.map((_, rank) => `M${LEFT} ${TOP + ROW * (rank + 1) - 2}H${width - 24}`).join(""));
    const boxOf = (span: Span, rank: number): string => boxPath(span, rank, xOf);
    for (const [i, path] of kinds.entries()) setAttribute(path, "d", boxesOf(trace, i, boxOf));
    setAttribute(needs, "d", (view.needs ?? []).map((one) => boxOf(one, one.rank)).join(""));
    place(active, view.chosen, xOf, scale);
    writeLetters(letters, view, xOf);
    write(names, [
      ...trace.map((_, rank): Written => [0, textOf(rank), `rank ${rank}`]),
      [0, bottom + 15, view.measure],
    ]);
    const marks = ticksUntil(until, TICK / scale);
    setAttribute(ticks, "d", marks.map((at) => `M${xOf(at).toFixed(1)} ${bottom - 2}v5`).join(""));
    write(
      numbers,
      marks.map((at) => [Number(xOf(at).toFixed(1)), bottom + 15, time(at)]),
    );
    return [width, bottom + BELOW];
  }
  return { element, draw };
}

/** Where a row's texts stand. */
const textOf = (rank: number): number => TOP + ROW * rank + 14;

const KINDS: Kind[] = ["F", "F", "B", "B"]; // first a rank's first stage, then its later ones

/** All boxes of one look. */
function boxesOf(trace: Trace, look: number, boxOf: (span: Span, rank: number) => string): string {
  const isOf = ({ kind, stage }: Span): boolean => kind === KINDS[look] && stage >= trace.length === (look % 2 === 1);
  return trace
    .map((row, rank) =>
      row
        .filter(isOf)
        .map((span) => boxOf(span, rank))
        .join(""),
    )
    .join("");
}

function boxPath({ start, end }: Span, rank: number, xOf: (at: number) => number): string {
  const left = xOf(start).toFixed(1);
  return `M${left} ${TOP + ROW * rank}H${xOf(end).toFixed(1)}v${HEIGHT}H${left}z`;
}

type Written = [x: number, y: number, text: string];

/** The letter and number of a box that is wide enough. */
function letterOf(
  { kind, micro, start, end }: Span,
  rank: number,
  xOf: (at: number) => number,
  scale: number,
): Written[] {
  const text = `${kind}${micro}`;
  if ((end - start) * scale < LETTER * text.length) return [];
  return [[Number(xOf((start + end) / 2).toFixed(1)), textOf(rank), text]];
}

function place(rect: SVGElement, chosen: View["chosen"], xOf: (at: number) => number, scale: number): void {
  setAttribute(rect, "visibility", chosen ? "visible" : "hidden");
  if (!chosen) return;
  setAttribute(rect, "x", xOf(chosen.start).toFixed(1));
  setAttribute(rect, "y", String(TOP + ROW * chosen.rank));
  setAttribute(rect, "width", ((chosen.end - chosen.start) * scale).toFixed(1));
  setAttribute(rect, "height", String(HEIGHT));
}

/** A group of letters for each rank, so that in a longer row the first ones stay where they are. */
function writeLetters(letters: SVGElement, view: View, xOf: (at: number) => number): void {
  const { trace } = view;
  while (letters.childElementCount < trace.length) letters.append(svg("g"));
  for (const [rank, group] of [...letters.children].entries()) {
    const row = trace[rank] ?? [];
    const texts = row.flatMap((one) => letterOf(one, rank, xOf, scaleOf(view)));
    write(group, texts);
  }
}

/** Write these texts into the group's elements; what is too many is hidden, and keeps its place: it need not be made anew. */
function write(group: Element, texts: readonly Written[]): void {
  while (group.childElementCount < texts.length) group.append(svg("text", {}, ""));
  const { children } = group;
  for (let i = 0; i < children.length; i++) {
    const child = children[i] as SVGElement;
    const written = texts[i];
    setAttribute(child, "visibility", written ? "visible" : "hidden");
    if (!written) continue;
    setAttribute(child, "x", String(written[0]));
    setAttribute(child, "y", String(written[1]));
    setText(child, written[2]);
  }
}

/** Round numbers from 0 on, at least so far apart. */
export function ticksUntil(until: number, apart: number): number[] {
  const power = 10 ** Math.floor(Math.log10(apart));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= apart) ?? 10 * power;
  return Array.from({ length: Math.floor(until / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}
