// What a typed date means, where that is known: a text means a day if Babel writes it for that day, in one of the formats.
// The twin in Python is llmbook.pages.widgets.date_truth, which hands over the formats and the names.

export interface Dates {
  /** Fields in braces, by the letters of Unicode's date patterns. */
  formats: string[];
  /** The expression of each field that is a number, and the names of the others. */
  numbers: Record<string, string>;
  names: Record<"MMMM" | "MMM" | "EEEE" | "EEE", string[]>;
  chinese: string;
  chinese_weekday: string;
  chinese_names: string[];
  /** The form of a date in Chinese, with a group for each field. */
  chinese_form: string;
  /** What the first letter of a field stands for. */
  fields: Record<string, string>;
  first: string;
  last: string;
  /** A bit for each day from the first on, the lowest of a byte first: whether the model was trained on it; base64. */
  learned: string;
}

/** From which character on, and before which. */
type Span = [start: number, end: number];

export interface Meaning {
  /** A day of the calendar; none; one with another weekday; or in none of the formats. */
  kind: "day" | "no day" | "weekday" | "unknown";
  /** In UTC; of "weekday" the day without its weekday. */
  day?: Date;
  /** The true translation of a day. */
  target?: string;
  /** Where a day's fields stand in the text. */
  places?: Record<string, Span>;
}

const PIECES = /\{\w+\}|[^{}]+/g;
const MS_A_DAY = 86_400_000;
const WEEK = 7;

/** What the text means, in the first format that it has. */
export function meaningOf(text: string, dates: Dates): Meaning {
  for (const pattern of dates.formats) {
    const found = readerOf(pattern, dates).exec(text);
    if (found) return inCalendar(found, dates);
  }
  return { kind: "unknown" };
}

function readerOf(pattern: string, { numbers, names, fields }: Dates): RegExp {
  const expressions: Record<string, string> = { ...numbers };
  for (const [field, all] of Object.entries(names)) expressions[field] = all.join("|");
  const parts = (pattern.match(PIECES) ?? []).map((piece) => {
    if (!piece.startsWith("{")) return piece.replace(/[^\w\s,-]/g, "\\$&");
    const field = piece.slice(1, -1);
    return `(?<${fields[field[0] ?? ""]}>${expressions[field]})`;
  });
  return new RegExp(`^${parts.join("")}$`, "d");
}

function inCalendar(found: RegExpExecArray, dates: Dates): Meaning {
  const { year = "", month = "", day: number = "", weekday } = found.groups ?? {};
  const months = [...dates.names.MMMM, ...dates.names.MMM];
  const m = months.includes(month) ? months.indexOf(month) % 12 : Number(month) - 1;
  const day = new Date(0);
  day.setUTCFullYear(Number(year), m, Number(number));
  if (day.getUTCMonth() !== m || day.getUTCDate() !== Number(number)) return { kind: "no day" };
  if (weekday !== undefined && !weekdayNames(day, dates).includes(weekday)) return { kind: "weekday", day };
  const places = Object.entries(found.indices?.groups ?? {}).filter(([, span]) => span);
  const target = inChinese(day, weekday !== undefined, dates);
  return { kind: "day", day, target, places: Object.fromEntries(places) };
}

/** From Monday, 0, on. */
const weekdayOf = (day: Date): number => (day.getUTCDay() + WEEK - 1) % WEEK;

/** The weekday's English name, in full and in short. */
export function weekdayNames(day: Date, { names: { EEEE, EEE } }: Dates): string[] {
  return [EEEE, EEE].map((all) => all[weekdayOf(day)] ?? "");
}

function inChinese(day: Date, withWeekday: boolean, dates: Dates): string {
  const values: Record<string, string> = {
    "{y}": String(day.getUTCFullYear()),
    "{M}": String(day.getUTCMonth() + 1),
    "{d}": String(day.getUTCDate()),
    [dates.chinese_weekday]: dates.chinese_names[weekdayOf(day)] ?? "",
  };
  const pattern = dates.chinese + (withWeekday ? dates.chinese_weekday : "");
  return (pattern.match(PIECES) ?? []).map((piece) => values[piece] ?? piece).join("");
}

/** Whether the model was trained on this day, in whatever format; undefined for a day outside all that it was shown. */
export function wasLearnedFrom(day: Date, { first, last, learned }: Dates): boolean | undefined {
  if (day < new Date(first) || day > new Date(last)) return undefined;
  const n = Math.round((day.getTime() - new Date(first).getTime()) / MS_A_DAY);
  return Boolean((atob(learned).charCodeAt(n >> 3) >> (n & 7)) & 1);
}

/** A field's characters in the text, and in what was written. */
export interface Frame {
  field: string;
  there: Span;
  here: Span;
}

/** Of each field of a day, where it stands in the text and in what was written; none where that has not the form. */
export function framesOf({ places = {} }: Meaning, written: string, dates: Dates): Frame[] {
  const said = new RegExp(`^(?:${dates.chinese_form})$`, "d").exec(written)?.indices?.groups ?? {};
  return Object.entries(places).flatMap(([field, there]) => {
    const here = said[field];
    return here ? [{ field, there, here }] : [];
  });
}

/** The fields in which a text differs from a date in Chinese; null where it has not the form of one. */
export function fieldsThatDiffer(text: string, target: string, { chinese_form }: Dates): string[] | null {
  const form = new RegExp(`^(?:${chinese_form})$`);
  const [said, truth] = [text, target].map((one) => form.exec(one)?.groups);
  return said && truth ? Object.keys(truth).filter((field) => said[field] !== truth[field]) : null;
}
