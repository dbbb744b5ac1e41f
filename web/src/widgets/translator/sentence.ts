// What the translator shows, in words: the step, where the decoder looks, and whether the translation is right.

import { fixed } from "../../core/format";
import { legible, quoteOf } from "../../core/legible";
import { fieldsThatDiffer, framesOf, wasLearnedFrom, weekdayNames } from "./dates";
import type { Desk } from "./desk";
import { largestAt, textOf } from "./found";

/** Whose weights are shown. */
export function nameOfHead({ state: { layer, head } }: Desk): string {
  if (layer === null && head === null) return "the mean of all heads";
  if (layer === null) return `the mean of both heads ${head}`;
  return head === null ? `the mean of layer ${layer}` : `head ${head} of layer ${layer}`;
}

/** The character being written, its chance, and where the decoder looks. */
export function describe(desk: Desk): string {
  const { shown, step, tokens, read, weights, trouble } = desk;
  if (trouble) return trouble;
  if (!shown) return desk.model.phase === "asleep" ? "The model has not come yet." : "";
  const before = textOf(shown.ids.slice(0, step), desk.about);
  const token = quoteToken(tokens[step] ?? "");
  const written = before ? `After “${before}” it writes ${token}` : `It begins with ${token}`;
  if (desk.isHidden) return `${written}. Where does ${nameOfHead(desk)} look most meanwhile?`;
  const chance = shown.chances[step * desk.about.writes.length + (shown.ids[step] ?? 0)] ?? 0;
  const most = largestAt(weights, step, read.length);
  const looks = `${capital(nameOfHead(desk))} looks most at ${quoteOf(read, most)}: ${fixed(weights[step * read.length + most] ?? 0)}.`;
  return `${written}, with a chance of ${fixed(chance, 3)}. ${looks}`;
}

/** A character in quotation marks, or the end. */
export function quoteToken(token: string): string {
  return token === "<eos>" ? "<eos>, the end" : `“${legible(token)[0]}”`;
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** What is known of the text, and so of the answer: whether that is right is said when all of it is written. */
export function describeTruth(desk: Desk, isWhole = desk.step === desk.tokens.length - 1): string {
  const { meaning, shown, about, trouble } = desk;
  if (trouble || !shown) return "";
  const { kind, day, target = "" } = meaning;
  if (kind === "no day")
    return "It has the form of a date, but the calendar has no such day: there is no right answer.";
  if (kind === "weekday" && day)
    return `It has the form of a date, but that day is a ${weekdayNames(day, about.dates)[0]}: there is no right answer.`;
  if (kind !== "day" || !day)
    return "It is in none of the nine formats: what it means, and whether the answer is right, is not known here.";
  const verdict = isWhole ? `${verdictOn(textOf(shown.ids, about), target, desk)} ` : "";
  return verdict + describeDay(day, desk);
}

function verdictOn(written: string, target: string, { about, found }: Desk): string {
  if (written === target) return `Right: it is ${target}.`;
  const differ = fieldsThatDiffer(written, target, about.dates);
  const where = differ ? `It differs in ${differ.join(", ")}.` : "What is written has not the form of a date.";
  const other = found?.texts.some(({ ids }) => textOf(ids, about) === target);
  return `Wrong: it is ${target}. ${where}${other ? " Another beam has it right." : ""}`;
}

function describeDay(day: Date, { about: { dates } }: Desk): string {
  const learned = wasLearnedFrom(day, dates);
  if (learned === undefined)
    return `The model learned from days of ${dates.first.slice(0, 4)} to ${dates.last.slice(0, 4)} only.`;
  return learned ? "It was trained on this day." : "It was never shown this day.";
}

/** How many characters of a field were written with the largest weight inside the field's frame, of those written. */
export function describeFrames(desk: Desk): string {
  const { shown, weights, read, about } = desk;
  if (!shown || !desk.state.framed) return "";
  const frames = framesOf(desk.meaning, textOf(shown.ids, about), about.dates);
  if (frames.length === 0)
    return desk.meaning.kind === "day"
      ? "What is written has not the form of a date: there is nothing to frame."
      : "No true alignment is known for it.";
  const last = desk.isHidden ? desk.step - 1 : desk.step;
  const hits = frames.flatMap(({ there, here }) => {
    const rows = [...desk.tokens.keys()].filter((t) => t >= here[0] && t < here[1] && t <= last);
    return rows.map((t) => {
      const most = largestAt(weights, t, read.length);
      return most >= there[0] && most < there[1];
    });
  });
  return `Largest weight inside its frame: ${hits.filter(Boolean).length} of ${hits.length} characters.`;
}
