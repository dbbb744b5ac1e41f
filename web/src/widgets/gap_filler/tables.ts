// The twins of the bars, for whoever reads numbers better: the likeliest words of each gap, and where its heads look.

import { h } from "../../controls/element";
import { captioned } from "../../controls/paper";
import { table } from "../../controls/table";
import { unfolding } from "../../controls/unfolding";
import { fixed } from "../../core/format";
import { BLANK } from "../../core/gaps";
import type { Desk, Told } from "./desk";
import { MASK } from "./row";
import { chanceOf } from "./sentence";

const HEADINGS = ["at word", "word", "rank", "chance", "what it is"];
const DECIMALS = 4;

export function wordsTable(desk: Desk): HTMLElement {
  return unfolding(desk, "The likeliest words as a table", () => [tableOfWords(desk, 10)]);
}

export function looksTable(desk: Desk): HTMLElement {
  const make = (): Node[] => {
    const tables = desk.gaps.flatMap((gap) => tableOfLooks(desk, gap));
    return tables.length ? tables : [h("p", {}, "There is no gap yet, or the model has not come.")];
  };
  return unfolding(desk, "Where each head looks from a gap", make);
}

/** The likeliest, and behind them the gap's own word, and what stands there. */
export function tableOfWords({ gaps, words, seen }: Desk, count: number): HTMLTableElement {
  const rows = gaps.flatMap(({ place, likeliest, own, stands }) => {
    const word = words[place] ?? BLANK;
    const there = seen[place] ?? null;
    const listed = likeliest.slice(0, count).map((one, i) => [one.word, String(i + 1), fixed(one.chance, DECIMALS)]);
    const isOther = there !== null && there !== word;
    return [
      ...listed.map((cells) => [...cells, cells[0] === word ? "its own" : ""]),
      ...(own && own.rank > count ? [[word, String(own.rank), chanceOf(own.chance, DECIMALS), "its own"]] : []),
      ...(isOther && stands ? [[there, String(stands.rank), chanceOf(stands.chance, DECIMALS), "stands here"]] : []),
    ].map((cells) => [String(place + 1), ...cells]);
  });
  return table(HEADINGS, rows);
}

/** The query is the gap; a row for each head, 0.1 for head 1 of layer 0, and a column for each key. */
function tableOfLooks({ seen, model }: Desk, { place, looks }: Told): HTMLTableElement[] {
  if (!looks || model.phase !== "ready") return [];
  const keys = ["[CLS]", ...seen.map((word) => word ?? MASK), "[SEP]"];
  const perLayer = looks.length / 2;
  const rows = looks.map((weights, i) => {
    return [
      `${Math.floor(i / perLayer)}.${i % perLayer}`,
      ...weights.map((weight) => (weight === 0 ? "–" : fixed(weight))),
    ];
  });
  const heads = table(["head \\ key", ...keys], rows);
  return [
    captioned(
      `Query: word ${place + 1}, ${seen[place] ?? MASK}. Each head of both layers, and the weight it gives to each key`,
      heads,
    ),
  ];
}
