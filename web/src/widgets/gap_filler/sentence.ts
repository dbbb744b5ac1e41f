// What is said of the gaps in words, to be read and to be spoken.

import { fixed } from "../../core/format";
import { BLANK, inSight } from "../../core/gaps";
import { legible } from "../../core/legible";
import type { Said } from "../../play/filling";
import type { Desk, Told } from "./desk";

const SPOKEN = 3; // gaps of which each is told

export const quoted = (word: string): string => `“${legible(word)[0]}”`;

/** Chances too small to be written with these decimals are not nought. */
export function chanceOf(chance: number, decimals = 3): string {
  const least = 10 ** -decimals;
  return chance < least / 2 ? `below ${fixed(least / 2, decimals + 1)}` : fixed(chance, decimals);
}

export function rankOf({ rank, chance }: Said): string {
  return `rank ${rank}, chance ${chanceOf(chance)}`;
}

/** The gaps and their likeliest words. */
export function describe(desk: Desk): string {
  if (desk.isHidden) return "Which word stood in the gap? Choose one below.";
  const { gaps, places, done } = desk;
  const parts = gaps.slice(0, SPOKEN).map((gap) => describeGap(desk, gap));
  if (gaps.length > SPOKEN) parts.push(`And ${gaps.length - SPOKEN} more.`);
  if (desk.words.length > 0 && places.length === 0) parts.push("Press a word to hide it.");
  return [...(done ? [done] : []), ...parts].join(" ");
}

function describeGap({ words, seen }: Desk, { place, likeliest, own }: Told): string {
  const [first, second] = likeliest;
  if (!first) return "";
  const [word, there] = [words[place] ?? BLANK, seen[place] ?? null];
  const where = `At word ${place + 1}${there === null ? "" : `, where ${quoted(there)} stands,`}`;
  const then = second ? `, then ${quoted(second.word)} with ${fixed(second.chance)}` : "";
  const said = `${where} the model says ${quoted(first.word)} with ${fixed(first.chance)}${then}.`;
  if (!own) return said;
  return `${said} ${own.rank === 1 ? "The first is right." : `Right is ${quoted(word)}: ${rankOf(own)}.`}`;
}

/** What the model said of a word that comes back. */
export function saidOfOwn(desk: Desk, place: number): string {
  const word = desk.words[place] ?? BLANK;
  const own = desk.gaps.find((gap) => gap.place === place)?.own;
  return `${quoted(word)} is back${own ? `; to the model it was ${rankOf(own)}` : ""}.`;
}

/** The places that some gap sees; where there is no gap, all. */
export function inSightOfAny({ words, places, state }: Desk): Set<number> {
  if (places.length === 0) return new Set(words.keys());
  const seen = places.flatMap((place) => inSight(words.length + 2, place + 1, state));
  return new Set(seen.map((position) => position - 1));
}
