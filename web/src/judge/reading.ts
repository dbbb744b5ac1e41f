// What a learner types, read as an answer. A word is taken as it stands. Numbers may be written as in Python and as by
// hand: 0.5, 1/3, 2**10 or 2^10, 1e-3, sqrt(3), 88 %, 24,166,400; several with commas, in brackets or not, and a table
// with a line for each row, or as torch prints it. Nothing is ever run: what the grammar does not know stays a text.

import type { Known } from "./exercise";
import { parse } from "./expression";
import { scalar } from "./numbers";
import { strip } from "./python_text";
import type { Typed } from "./typed";

const LONGEST = 2000; // characters of numbers
const DEEPEST = 100; // brackets in brackets, or signs before signs
const RAISED = /[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+/g;
const SIGNS: Record<string, string> = { "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "^": "**" };
const OTHER_DIGIT = /(?![0-9])\p{Nd}/gu;
const OTHER_NUMBER = /\p{Nl}|\p{No}|\ufeff/u; // Ⅷ, ½: no digits; and a mark that only Python sees
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const GROUPED = /^[+-]?\d{1,3}(?:([ ,])\d{3})(?:\1\d{3})*(?:\.\d*)?\s*%?$/;
const PRINTED = /^(?:torch\.|np\.)?(?:tensor|array)\((.*?)(?:,\s*dtype\s*=\s*[\w.]+)?\)$/s;

/** Nothing, a word, or what the numbers are; as a text where they cannot be read. */
export function read(text: string, expected: Known): Typed {
  if (strip(text) === "") return null;
  if (typeof expected !== "object") return text;
  const plain = normalised(text);
  if (plain === null || plain.length > LONGEST || isDeep(plain)) return text;
  const several = expected.shape.length > 0;
  if (several) return inLines(plain) ?? parse(PRINTED.exec(plain)?.[1] ?? plain, text);
  return parse(GROUPED.test(plain) ? plain.replace(/(?<=\d)[ ,](?=\d)/g, "") : plain, text);
}

/** In plain signs; null where a number is written with a sign of its own. */
function normalised(text: string): string | null {
  const raised = text.replace(RAISED, (digits) => `**(${digits.normalize("NFKC")})`);
  if (OTHER_NUMBER.test(raised)) return null;
  const signs = strip(raised.normalize("NFKC")).replace(/[−–×·÷^]/g, (sign) => SIGNS[sign] ?? sign);
  const quoted = /^(["'])(.*)\1$/s.exec(signs);
  return strip((quoted?.[2] ?? signs).replace(OTHER_DIGIT, digit));
}

/** A digit of any script: they stand in tens, from 0 on. */
function digit(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  let value = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value % 10);
}

function isDeep(text: string): boolean {
  let depth = 0;
  let signs = 0;
  for (const sign of text) {
    if ("([".includes(sign)) depth += 1;
    if (")]".includes(sign)) depth -= 1;
    if (sign !== " ") signs = "+-".includes(sign) ? signs + 1 : 0;
    if (depth > DEEPEST || signs > DEEPEST) return true;
  }
  return false;
}

/** Plain numbers with spaces between them, and a line for each row. */
function inLines(text: string): Typed | null {
  const lines = text
    .split("\n")
    .map(strip)
    .filter(Boolean)
    .map((line) => line.split(/[\s,]+/).filter(Boolean));
  const isTable = lines.length > 1 || !text.includes(",");
  const isPlain = lines.every((line) => line.length > 0 && line.every((word) => PLAIN.test(word)));
  if (!(isTable && isPlain)) return null;
  const rows = lines.map((line) => ({ tuple: false, parts: line.map(plainNumber) }));
  return rows.length > 1 ? { tuple: false, parts: rows } : (rows[0] ?? null);
}

const plainNumber = (word: string): Typed => scalar(/^[+-]?\d+$/.test(word) ? "int64" : "float64", Number(word));
