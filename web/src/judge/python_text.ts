// Texts and numbers as Python writes and reads them, where JavaScript would do it a little differently.

const SPACES = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const EDGES = new RegExp(`^[${SPACES}]+|[${SPACES}]+$`, "gu");
const BETWEEN = new RegExp(`[${SPACES}]+`, "u");
const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const NO_PRINT = /[\p{C}\p{Z}]/u;

/** `str.strip()`. */
export const strip = (text: string): string => text.replace(EDGES, "");

/** `str.split()`. */
export const split = (text: string): string[] => text.split(BETWEEN).filter(Boolean);

/** `str.casefold()`, letter by letter. */
export function casefold(text: string): string {
  return [...text]
    .map((letter) => (letter === "ı" ? letter : letter.toLowerCase().toUpperCase().toLowerCase()))
    .join("");
}

function escaped(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  if (ESCAPES[character]) return ESCAPES[character];
  if (character === " " || !NO_PRINT.test(character)) return character;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
}

/** `repr(text)`. */
export function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + [...text].map((character) => escaped(character, quote)).join("") + quote;
}

/** A text as Python writes it, cut to a handy length. */
export function shown(text: string): string {
  const characters = [...split(repr(text)).join(" ")];
  return characters.length <= 60 ? characters.join("") : `${characters.slice(0, 59).join("")}…`;
}

/** `f"{x:,.0f}"` of a whole number. */
export const withCommas = (x: number): string => (Object.is(x, -0) ? "-0" : String(x)).replace(/\B(?=(\d{3})+$)/g, ",");

/** Half-way cases go to the even digit, as in Python; the digits after the third say which they are. */
function fourDigits(x: number): [mantissa: string, exponent: number] {
  const [digits = "", exponent = "0"] = x.toExponential(20).split("e");
  const halfway = /^(\d\.\d\d[02468])50*$/.exec(digits);
  if (halfway?.[1]) return [halfway[1], Number(exponent)];
  const [rounded = "", itsExponent = "0"] = x.toExponential(3).split("e");
  return [rounded, Number(itsExponent)];
}

const withoutZeros = (text: string): string => (text.includes(".") ? text.replace(/\.?0*$/, "") : text);

/** `f"{x:.4g}"`. */
export function general(x: number): string {
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "inf").replace("NaN", "nan");
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const [mantissa, exponent] = fourDigits(Math.abs(x));
  const sign = x < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 4) {
    const power = `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
    return `${sign}${withoutZeros(mantissa)}e${power}`;
  }
  const digits = mantissa.replace(".", "");
  if (exponent < 0) return sign + withoutZeros(`0.${"0".repeat(-exponent - 1)}${digits}`);
  return sign + withoutZeros(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

/** Rounded to a whole number, half to even. */
export function roundEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}
